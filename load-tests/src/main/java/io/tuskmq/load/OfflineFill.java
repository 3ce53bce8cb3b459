package io.tuskmq.load;

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
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Durable QoS 1 messages for sessions that are away: how many a second are acknowledged and, when the sessions come back, delivered;
 * with a plain batched insert into the same PostgreSQL between the fills as the yardstick.
 */
public final class OfflineFill {
    private final Options options;
    private final Broker broker;
    private final OptionalLong postmaster;
    private final Yardstick yardstick;
    private final PrintStream out;
    private final int run = new SplittableRandom().nextInt() & 0x7FFFFFFF;
    private boolean isClean = true;

    private OfflineFill(Options options, Broker broker, PrintStream out) throws Exception {
        this.options = options;
        this.broker = broker;
        this.out = out;
        this.postmaster = broker.postmasterPid();
        this.yardstick = new Yardstick(broker.jdbcUrl(), options.payloadBytes());
    }

    /** Exit code 0: measured and nothing lost or doubled; 1: something was, or the run failed; 2: wrong options. */
    public static void main(String[] args) throws Exception {
        Path home = Path.of(System.getProperty("tuskmq.home", "."));
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        Options options;
        try {
            options = Options.parse(
                    List.of(args),
                    home.resolve(
                            "load-tests/results/offline-fill-" + now.toString().replace(":", "") + ".json"));
        } catch (IllegalArgumentException e) {
            System.err.println("offline-fill: " + e.getMessage());
            System.err.print(Options.USAGE);
            System.exit(2);
            return;
        }
        boolean isClean;
        try (Broker broker = options.mqtt() == null || options.databaseUrl() == null
                ? Broker.start(home)
                : Broker.running(options.mqtt(), options.databaseUrl(), options.brokerPid())) {
            OfflineFill fill = new OfflineFill(options, broker, System.out);
            String report = Json.text(fill.run(now));
            Path file = options.out().toAbsolutePath();
            Files.createDirectories(file.resolveSibling(""));
            Files.writeString(file, report, StandardCharsets.UTF_8);
            System.out.println("result: " + file);
            isClean = fill.isClean;
        }
        System.exit(isClean ? 0 : 1);
    }

    private Map<String, Object> run(Instant started) throws Exception {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("scenario", "offline-fill");
        report.put("started", started.toString());
        report.put("machine", machine());
        report.put("load_average_before", loadAverage());
        report.put("settings", settings());
        // Not in the figures: Java compiles the broker's and our own hot code, PostgreSQL fills its caches.
        out.println("warm-up");
        measure(1, options.messages(), run ^ 1);
        measureYardstick(options.messages());
        List<Phase> yardsticks = new ArrayList<>(List.of(measureYardstick(options.messages())));
        List<Object> results = new ArrayList<>();
        for (int fanOut : options.fanOuts()) {
            Map<String, Object> result = measure(fanOut, options.messages(), run);
            yardsticks.add(measureYardstick(options.messages()));
            double plain = (yardsticks.getLast().rate()
                            + yardsticks.get(yardsticks.size() - 2).rate())
                    / 2;
            Map<String, Object> ratios = Ratios.of(result, plain);
            out.println("  fill to plain insert: " + ratios.get("fill_to_plain_insert"));
            result.put("ratios", ratios);
            results.add(result);
        }
        yardstick.drop();
        report.put("fan_outs", results);
        report.put("fill_to_first_fan_out", Ratios.toFirst(results));
        report.put("plain_insert", yardsticks.stream().map(Phase::form).toList());
        report.put("load_average_after", loadAverage());
        report.put("nothing_lost_or_doubled", isClean);
        return report;
    }

    private Map<String, Object> measure(int fanOut, int messages, int number) throws Exception {
        FanOut scenario = new FanOut(broker.mqtt(), options, number, fanOut, messages);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("fan_out", fanOut);
        result.put("sessions", scenario.sessions());
        result.put(
                "subscribe",
                timed("subscribe", () -> {
                            scenario.subscribe();
                            return (long) scenario.sessions();
                        })
                        .form());
        Histogram[] micros = new Histogram[1];
        Map<String, Object> fill = timed("fill at fan-out " + fanOut, () -> {
                    micros[0] = scenario.fill();
                    return micros[0].getTotalCount();
                })
                .form();
        fill.put("acknowledged_after_millis_p50", micros[0].getValueAtPercentile(50) / 1e3);
        fill.put("acknowledged_after_millis_p99", micros[0].getValueAtPercentile(99) / 1e3);
        result.put("fill", fill);
        Ledger.Findings[] findings = new Ledger.Findings[1];
        Map<String, Object> drain = timed("drain at fan-out " + fanOut, () -> {
                    findings[0] = scenario.drain();
                    return findings[0].delivered();
                })
                .form();
        drain.put("sessions_drained", scenario.drained());
        drain.put("is_sample", scenario.drained() < scenario.sessions());
        drain.put("lost", findings[0].lost());
        drain.put("doubled", findings[0].doubled());
        drain.put("redelivered_with_dup", findings[0].redelivered());
        drain.put("foreign", findings[0].foreign());
        drain.put("out_of_order", findings[0].outOfOrder());
        result.put("drain", drain);
        if (!findings[0].areClean()) {
            isClean = false;
            out.println("NOT CLEAN: " + findings[0]);
        }
        if (!broker.isOurs()) {
            scenario.forget();
        }
        return result;
    }

    private Phase measureYardstick(int rows) throws Exception {
        return timed("plain insert", () -> yardstick.run(rows));
    }

    private interface Work {
        /** Returns how many were done. */
        long run() throws Exception;
    }

    private Phase timed(String what, Work work) throws Exception {
        Cpu before = Cpu.now(broker.pid(), postmaster);
        long start = System.nanoTime();
        long count = work.run();
        double seconds = (System.nanoTime() - start) / 1e9;
        Map<String, @Nullable Object> cpu =
                Cpu.now(broker.pid(), postmaster).microsPerMessageSince(before, Math.max(1, count));
        Phase phase = new Phase(count, seconds, cpu);
        StringBuilder shown = new StringBuilder();
        cpu.forEach((who, micros) -> shown.append(
                micros instanceof Double each ? String.format(" %s %.1f", who, each) : " " + who + " unknown"));
        out.printf("%-24s %10d in %7.2f s: %9.0f/s, cpu us each:%s%n", what, count, seconds, phase.rate(), shown);
        return phase;
    }

    /** One measured stretch. */
    record Phase(long count, double seconds, Map<String, @Nullable Object> cpuMicrosEach) {
        double rate() {
            return count / seconds;
        }

        Map<String, Object> form() {
            Map<String, Object> form = new LinkedHashMap<>();
            form.put("count", count);
            form.put("seconds", seconds);
            form.put("per_second", rate());
            form.put("cpu_micros_each", cpuMicrosEach);
            return form;
        }
    }

    private Map<String, Object> machine() throws Exception {
        Map<String, Object> machine = new LinkedHashMap<>();
        machine.put("cores", Runtime.getRuntime().availableProcessors());
        machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        machine.put("java", System.getProperty("java.version"));
        machine.put("postgresql", broker.databaseVersion());
        machine.put("broker_started_for_this", broker.isOurs());
        return machine;
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("messages", options.messages());
        settings.put("payload_bytes", options.payloadBytes());
        settings.put("publishers", options.publishers());
        settings.put("window", options.window());
        settings.put("plain_insert_rows_per_statement", Yardstick.ROWS_PER_STATEMENT);
        settings.put("plain_insert_connections", Yardstick.CONNECTIONS);
        return settings;
    }

    private static String loadAverage() throws IOException {
        Path file = Path.of("/proc/loadavg");
        return Files.exists(file) ? Files.readString(file).strip() : "unknown";
    }
}
