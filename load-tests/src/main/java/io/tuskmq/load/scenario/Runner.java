package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Network;
import io.tuskmq.load.client.Payloads;
import io.tuskmq.load.client.Target;
import io.tuskmq.load.ledger.Findings;
import io.tuskmq.load.ledger.Ledger;
import io.tuskmq.load.measure.Meters;
import io.tuskmq.load.measure.Phase;
import io.tuskmq.load.measure.Processes;
import io.tuskmq.load.measure.Processes.Watched;
import io.tuskmq.load.measure.Sampler;
import io.tuskmq.load.report.Console;
import io.tuskmq.load.report.Html;
import io.tuskmq.load.report.Json;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.OptionSpec;

/** Runs one scenario: its surroundings, its report, its exit code. */
final class Runner {
    static final int CLEAN = 0;
    static final int FAULTY = 1;
    static final int FAILED = 3;

    /** Options that are nobody's business, or only of this machine's directories. */
    private static final Set<String> NOT_TOLD =
            Set.of("--password", "--database.url", "--json", "--html", "--state", "--cafile");

    private final Scenario scenario;
    private final Instant started = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    private final PrintStream out = System.out;
    private final String loadAverageBefore = loadAverage();

    Runner(Scenario scenario) {
        this.scenario = scenario;
    }

    static Path home() {
        return Path.of(System.getProperty("tuskmq.home", "."));
    }

    int run() throws Exception {
        if (!scenario.targets.startTuskmq) {
            return run(scenario.output.watched());
        }
        out.println("starting ./tuskmq");
        try (StartedBroker broker = StartedBroker.start(home(), scenario.targets.nodes)) {
            scenario.targets.targets =
                    broker.targets().stream().map(Target::toString).toList();
            scenario.databaseUrl(broker.jdbcUrl());
            List<Watched> watched = new ArrayList<>(scenario.output.watched());
            broker.nodePids().forEach(pid -> watched.add(new Watched("node", pid, false)));
            OptionalLong postmaster = broker.postmasterPid();
            postmaster.ifPresent(pid -> watched.add(new Watched("postgres", pid, true)));
            int exitCode = run(watched);
            if (exitCode != CLEAN) {
                Path log = json().resolveSibling(json().getFileName() + ".broker.log");
                broker.keepLog(log);
                out.println("        " + log + ": what the broker said");
            }
            return exitCode;
        }
    }

    private int run(List<Watched> watched) throws Exception {
        OptionalInt given = scenario.runNumber();
        int number = given.isPresent() ? given.getAsInt() : new SplittableRandom().nextInt(1, Integer.MAX_VALUE);
        Network.Settings settings = scenario.targets.network(scenario.inFlightMax());
        Processes processes = new Processes(watched);
        Meters meters = new Meters(settings.threads());
        Ledger ledger = new Ledger();
        Console console = new Console(out, scenario.output.quiet);
        Map<String, Long> memoryBefore = processes.memoryBytes();
        try (Network network = new Network(settings, new Payloads(number));
                Sampler sampler = new Sampler(meters, processes, console::sample)) {
            Run run = new Run(
                    network,
                    ledger,
                    meters,
                    sampler,
                    new Run.Limits(
                            scenario.output.settleSeconds,
                            scenario.targets.connectingMax,
                            scenario.targets.connectRetries));
            String failed = null;
            try {
                scenario.play(run);
            } catch (Exception e) {
                failed = e instanceof RunFailed ? e.getMessage() : e.toString();
            }
            sampler.end();
            Findings findings = network.standStill(ledger::findings);
            boolean isClean = findings.areClean(scenario.output.qos0LossIsAFault());
            int exitCode = !isClean && failed == null ? FAULTY : failed != null ? FAILED : CLEAN;
            Map<String, @Nullable Object> report = report(run, sampler, watched);
            report.put("memory_bytes", Map.of("before", memoryBefore, "after", processes.memoryBytes()));
            report.put("ledger", ledgerForm(run, findings, isClean));
            report.put("failed", failed);
            report.put("exit_code", exitCode);
            console.summary(report);
            write(report);
            return exitCode;
        }
    }

    private Map<String, @Nullable Object> report(Run run, Sampler sampler, List<Watched> watched) {
        Map<String, @Nullable Object> report = new LinkedHashMap<>();
        report.put("schema", 1);
        report.put("scenario", scenario.name());
        report.put("name", scenario.output.name == null ? scenario.name() : scenario.output.name);
        report.put("started", started.toString());
        report.put("note", scenario.output.note);
        report.put("machine", machine());
        report.put("load_average_before", loadAverageBefore);
        report.put("load_average_after", loadAverage());
        report.put("settings", settings());
        report.put(
                "processes",
                watched.stream()
                        .map(w -> Map.of("name", w.name(), "pid", w.pid(), "with_children", w.withChildren()))
                        .toList());
        report.put("main_phase", run.mainPhase());
        report.put("phases", sampler.phases().stream().map(Phase::form).toList());
        report.put(
                "samples",
                sampler.samples().stream().map(sample -> sample.form()).toList());
        report.put("results", run.results());
        return report;
    }

    private static Map<String, @Nullable Object> ledgerForm(Run run, Findings findings, boolean isClean) {
        Map<String, @Nullable Object> form = new LinkedHashMap<>(run.ledger().sentForm());
        form.put("unsent", run.unsent().sum());
        form.putAll(findings.form());
        form.put("clean", isClean);
        return form;
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        for (OptionSpec option : scenario.spec.options()) {
            Object value = option.getValue();
            if (value != null && !option.usageHelp() && !NOT_TOLD.contains(option.longestName())) {
                settings.put(option.longestName().substring(2).replace('-', '_'), plain(value));
            }
        }
        return settings;
    }

    private static Object plain(Object value) {
        return switch (value) {
            case Integer number -> number;
            case Long number -> number;
            case Double number -> number;
            case Boolean truth -> truth;
            case List<?> list -> list.stream().map(String::valueOf).toList();
            default -> String.valueOf(value);
        };
    }

    private static Map<String, Object> machine() {
        Map<String, Object> machine = new LinkedHashMap<>();
        machine.put("cores", Runtime.getRuntime().availableProcessors());
        machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        machine.put("java", System.getProperty("java.version"));
        return machine;
    }

    static String loadAverage() {
        try {
            return Files.readString(Path.of("/proc/loadavg")).strip();
        } catch (IOException e) {
            return "unknown";
        }
    }

    private void write(Map<String, @Nullable Object> report) throws IOException {
        Path json = json();
        Path html = scenario.output.html;
        if (html == null) {
            html = json.resolveSibling(json.getFileName().toString().replaceFirst("\\.json$", "") + ".html");
        }
        Files.createDirectories(json.resolveSibling(""));
        Files.createDirectories(html.toAbsolutePath().resolveSibling(""));
        Files.writeString(json, Json.text(report), StandardCharsets.UTF_8);
        Files.writeString(html, Html.of(report), StandardCharsets.UTF_8);
        out.println("result: " + json);
        out.println("        " + html);
    }

    private Path json() {
        Path given = scenario.output.json;
        String time = started.toString().replace(":", "");
        Path json =
                given == null ? home().resolve("load-tests/results/" + scenario.name() + "-" + time + ".json") : given;
        return json.toAbsolutePath().normalize();
    }
}
