package io.tuskmq.load.scenario;

import io.tuskmq.load.measure.Processes;
import io.tuskmq.load.report.Console;
import io.tuskmq.load.report.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How long a TuskMQ of this checkout takes until it is ready, as it is built and as it is trained, in turns. */
@Command(
        name = "start",
        description =
                "Starts ./tuskmq again and again, plain and trained in turns: until the ready line, on a new and on an existing"
                        + " database. Trains first when nothing was learned yet.")
final class Start implements Callable<Integer> {
    private static final Map<String, String> JAVA_OPTIONS =
            Map.of("plain", "-XX:AOTMode=off", "trained", "-XX:AOTMode=on"); // on: it ends when the cache can't be used

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Option(names = "--rounds", defaultValue = "3", description = "Turns. Default: ${DEFAULT-VALUE}")
    int rounds;

    @Option(names = "--json", paramLabel = "FILE", description = "Default: load-tests/results/start-TIME.json")
    @Nullable
    Path json;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (rounds < 1) {
            throw new ParameterException(spec.commandLine(), "--rounds is at least 1");
        }
        Path home = Runner.home();
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        String before = Runner.loadAverage();
        train(home);
        Map<String, List<Double>> figures = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (String mode : round % 2 == 0 ? List.of("plain", "trained") : List.of("trained", "plain")) {
                Path directory = Files.createTempDirectory("tuskmq-load-");
                try {
                    start(home, directory, mode, "new", figures);
                    start(home, directory, mode, "existing", figures);
                } finally {
                    StartedBroker.delete(directory);
                }
            }
        }
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("schema", 1);
        report.put("scenario", "start");
        report.put("started", now.toString());
        report.put("load_average_before", before);
        report.put("load_average_after", Runner.loadAverage());
        report.put("rounds", rounds);
        Map<String, Object> medians = new LinkedHashMap<>();
        figures.forEach((name, values) -> medians.put(name, Latency.median(values)));
        report.put("medians", medians);
        report.put("all", figures);
        Path file = json == null
                ? home.resolve("load-tests/results/start-" + now.toString().replace(":", "") + ".json")
                : json.toAbsolutePath();
        Files.createDirectories(file.resolveSibling(""));
        Files.writeString(file, Json.text(report), StandardCharsets.UTF_8);
        spec.commandLine().getOut().print(table(medians));
        spec.commandLine().getOut().println("result: " + file);
        spec.commandLine().getOut().flush();
        return 0;
    }

    private static String table(Map<String, Object> medians) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("median", "plain", "trained", "ratio"));
        for (String database : List.of("new", "existing")) {
            for (String what : List.of("wall", "cpu")) {
                double plain = number(medians, "plain_" + database + "_" + what + "_seconds");
                double trained = number(medians, "trained_" + database + "_" + what + "_seconds");
                rows.add(List.of(
                        database + " database, " + what + " seconds",
                        String.format(Locale.ROOT, "%.2f", plain),
                        String.format(Locale.ROOT, "%.2f", trained),
                        String.format(Locale.ROOT, "%.2f", trained / plain)));
            }
        }
        return Console.table(rows);
    }

    private static double number(Map<String, Object> medians, String name) {
        return medians.get(name) instanceof Double value ? value : Double.NaN;
    }

    /** The launcher says on standard error how it gets on. A cache of this build is made anew: it may be of other Java options. */
    private static void train(Path home) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(home.resolve("tuskmq").toString(), "train")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (process.waitFor() != 0) {
            throw new IOException("./tuskmq train failed");
        }
    }

    private static void start(
            Path home, Path directory, String mode, String database, Map<String, List<Double>> figures)
            throws IOException {
        long start = System.nanoTime();
        Map<String, String> environment = Map.of("TUSKMQ_JAVA_OPTS", String.valueOf(JAVA_OPTIONS.get(mode)));
        try (StartedBroker broker = StartedBroker.startIn(home, 1, directory, environment)) {
            double wall = (System.nanoTime() - start) / 1e9;
            Processes processes = new Processes(
                    List.of(new Processes.Watched("node", broker.nodePids().getFirst(), false)));
            double cpu = processes.cpuSeconds().getOrDefault("node", Double.NaN);
            String name = mode + "_" + database;
            figures.computeIfAbsent(name + "_wall_seconds", _ -> new ArrayList<>())
                    .add(wall);
            figures.computeIfAbsent(name + "_cpu_seconds", _ -> new ArrayList<>())
                    .add(cpu);
        }
    }
}
