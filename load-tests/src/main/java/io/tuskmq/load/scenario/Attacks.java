package io.tuskmq.load.scenario;

import io.tuskmq.load.attack.Attack;
import io.tuskmq.load.attack.Canary;
import io.tuskmq.load.attack.Field;
import io.tuskmq.load.measure.Heap;
import io.tuskmq.load.report.Console;
import io.tuskmq.load.report.Json;
import io.tuskmq.load.report.Tree;
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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What broken and hostile clients do, one after the other, to a node that is started for it; and whether a good one is served meanwhile. */
@Command(
        name = "attacks",
        description =
                "Attacks a TuskMQ of this checkout: slow, greedy and broken clients, beside one that must be served."
                        + " Exit code 1: it was not, memory grew above its bound, or an answer was not the expected one.")
final class Attacks implements Callable<Integer> {
    private static final long MEGABYTE = 1L << 20;
    /** What may stay when an attack is over: caches, pools, and what the JVM has learned. */
    private static final long LEFT_BYTES_MAX = 32 * MEGABYTE;

    private static final int CANARY_MILLIS_MAX = 10_000;
    private static final String RETAINED_MESSAGES_MAX = "5000";

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--only",
            split = ",",
            paramLabel = "NAME",
            description = "Some of them. Default: all; an unknown name lists them.")
    List<String> only = List.of();

    @Option(
            names = "--scale",
            defaultValue = "1",
            description = "Share of the full number of clients, 0.001 to 1. Default: ${DEFAULT-VALUE}")
    double scale;

    @Option(names = "--json", paramLabel = "FILE", description = "Default: load-tests/results/attacks-TIME.json")
    @Nullable
    Path json;

    @Override
    public Integer call() throws Exception {
        List<Attack> chosen = chosen();
        Path home = Runner.home();
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("schema", 1);
        report.put("scenario", "attacks");
        report.put("started", now.toString());
        report.put("scale", scale);
        report.put("load_average_before", Runner.loadAverage());
        report.put("left_heap_bytes_max", LEFT_BYTES_MAX);
        List<Map<String, Object>> results = new ArrayList<>();
        report.put("attacks", results);
        Path file = json == null
                ? home.resolve("load-tests/results/attacks-" + now.toString().replace(":", "") + ".json")
                : json.toAbsolutePath();
        Path directory = Files.createTempDirectory("tuskmq-load-");
        Map<String, String> environment =
                Map.of("TUSKMQ_JAVA_OPTS", "-Xmx1g", "TUSKMQ_LIMITS_RETAINED_MESSAGES", RETAINED_MESSAGES_MAX);
        int webSocketPort = StartedBroker.freePort();
        try (StartedBroker broker =
                StartedBroker.startIn(home, 1, directory, environment, String.valueOf(webSocketPort))) {
            Field field = new Field(broker.targets().getFirst().port(), webSocketPort, broker.httpAddress(), scale);
            long node = broker.nodePids().getFirst();
            for (Attack attack : chosen) {
                results.add(play(attack, field, node));
                write(file, report); // a run that is ended early leaves what it found
            }
        } finally {
            StartedBroker.delete(directory);
        }
        report.put("load_average_after", Runner.loadAverage());
        boolean good = results.stream().allMatch(result -> Boolean.TRUE.equals(result.get("good")));
        report.put("good", good);
        write(file, report);
        spec.commandLine().getOut().print(table(results));
        spec.commandLine().getOut().println("result: " + file);
        spec.commandLine().getOut().flush();
        return good ? 0 : 1;
    }

    private List<Attack> chosen() {
        if (scale < 0.001 || scale > 1) {
            throw new ParameterException(spec.commandLine(), "--scale is 0.001 to 1");
        }
        List<String> names = Attack.all().stream().map(Attack::name).toList();
        for (String name : only) {
            if (!names.contains(name)) {
                throw new ParameterException(
                        spec.commandLine(), "--only: there is no " + name + "; there are " + names);
            }
        }
        return Attack.all().stream()
                .filter(attack -> only.isEmpty() || only.contains(attack.name()))
                .toList();
    }

    private Map<String, Object> play(Attack attack, Field field, long node) throws Exception {
        spec.commandLine().getErr().println("tuskmq-load: " + attack.name());
        List<String> faults = new ArrayList<>();
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("name", attack.name());
        result.put("expected", attack.expected());
        try (Canary canary = Canary.start(field.port())) {
            // Quiet before, on the same machine in the same minute: what the attack is to be compared with.
            TimeUnit.SECONDS.sleep(3);
            result.put("canary_before", seen(canary, "before", faults));
            long before = Heap.usedBytes(node);
            canary.look(CANARY_MILLIS_MAX); // a full collection stops everything for a moment: not the attack's fault
            long start = System.nanoTime();
            long during = before;
            try (Attack.Outcome outcome = attack.course().run(field)) {
                result.put("seconds", (System.nanoTime() - start) / 1e9);
                result.put("canary_during", seen(canary, "during", faults));
                during = Heap.usedBytes(node);
                result.put("counts", outcome.counts());
                faults.addAll(outcome.faults());
            } catch (IOException | RuntimeException e) {
                faults.add(String.valueOf(e));
            }
            long after = settled(node, before);
            result.put("heap_bytes_before", before);
            result.put("heap_bytes_during", during);
            result.put("heap_bytes_after", after);
            result.put("heap_bytes_more_max", attack.heapBytesMax());
            if (during - before > attack.heapBytesMax()) {
                faults.add("the heap grew by " + (during - before) + " bytes");
            }
            if (after - before > LEFT_BYTES_MAX) {
                faults.add((after - before) + " bytes of heap stayed");
            }
        }
        result.put("faults", faults);
        result.put("good", faults.isEmpty());
        faults.forEach(fault -> spec.commandLine().getErr().println("tuskmq-load: " + attack.name() + ": " + fault));
        return result;
    }

    private static Map<String, Object> seen(Canary canary, String when, List<String> faults) {
        Canary.Seen seen = canary.look(CANARY_MILLIS_MAX);
        if (!seen.served()) {
            faults.add("the canary was not served " + when + ": " + canary.fault());
        }
        return seen.json();
    }

    /** Ends of connections are worked off for a while. */
    private static long settled(long node, long before) throws IOException, InterruptedException {
        long now = Heap.usedBytes(node);
        for (int i = 0; i < 5 && now - before > LEFT_BYTES_MAX; i++) {
            TimeUnit.SECONDS.sleep(2);
            now = Heap.usedBytes(node);
        }
        return now;
    }

    private static void write(Path file, Map<String, Object> report) throws IOException {
        Files.createDirectories(file.resolveSibling(""));
        Files.writeString(file, Json.text(report), StandardCharsets.UTF_8);
    }

    private static String table(List<Map<String, Object>> results) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("attack", "good", "heap MB before", "during", "after", "canary p99 ms before", "during"));
        for (Map<String, Object> result : results) {
            rows.add(List.of(
                    String.valueOf(result.get("name")),
                    String.valueOf(result.get("good")),
                    megabytes(result, "heap_bytes_before"),
                    megabytes(result, "heap_bytes_during"),
                    megabytes(result, "heap_bytes_after"),
                    millis(result, "canary_before"),
                    millis(result, "canary_during")));
        }
        return Console.table(rows);
    }

    private static String megabytes(Map<String, Object> result, String name) {
        return result.get(name) instanceof Long bytes ? String.format(Locale.ROOT, "%.1f", bytes / 1e6) : "";
    }

    private static String millis(Map<String, Object> result, String name) {
        return result.containsKey(name)
                ? String.format(Locale.ROOT, "%.1f", Tree.number(Tree.map(result, name), "p99_millis"))
                : "";
    }
}
