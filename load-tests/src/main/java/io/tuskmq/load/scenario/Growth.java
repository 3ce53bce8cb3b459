package io.tuskmq.load.scenario;

import io.tuskmq.load.measure.Database;
import io.tuskmq.load.measure.Heap;
import io.tuskmq.load.measure.Meters;
import io.tuskmq.load.measure.Phase;
import io.tuskmq.load.measure.Processes;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What one more costs: the same load and the same looks at memory and disk while sessions, filters or stored messages become more. */
@Command(
        name = "growth",
        description =
                "Sessions that are away, filters, or stored messages become more; at each size the same load, and memory and disk.")
final class Growth extends Scenario {
    private static final int PUBLISHERS = 16;
    private static final int PAIRS = 10;
    private static final int WINDOW = 100;
    /** Before compression, which is off by default. */
    private static final int FULL_PAGE_BYTES = 8_192;

    private static final long DRAIN_MAX = 1_000_000;

    @Option(
            names = "--of",
            defaultValue = "sessions",
            paramLabel = "sessions|filters|messages",
            description = "What becomes more. Default: ${DEFAULT-VALUE}")
    String of = "sessions";

    @Option(
            names = "--sizes",
            split = ",",
            defaultValue = "1000,10000,100000",
            paramLabel = "N",
            description = "Rising. Default: ${DEFAULT-VALUE}")
    List<Long> sizes = List.of();

    @Option(
            names = "--minutes-max",
            defaultValue = "60",
            description =
                    "No further size is begun after so many minutes; the report names those left out. Default: ${DEFAULT-VALUE}")
    int minutesMax;

    @Option(
            names = {"-m", "--messages"},
            defaultValue = "50000",
            description = "Filled and drained at each size. Default: ${DEFAULT-VALUE}")
    int messages;

    @Option(
            names = {"-d", "--duration"},
            defaultValue = "5",
            description = "Seconds of pairs at each size. Default: ${DEFAULT-VALUE}")
    double durationSeconds;

    @Option(
            names = {"-s", "--payload-bytes"},
            defaultValue = "200",
            description = "20 to 1048576. Default: ${DEFAULT-VALUE}")
    int payloadBytes;

    @Mixin
    DatabaseOptions database = new DatabaseOptions();

    @Override
    void check() {
        Grower.checkName(of);
        long before = 0;
        for (long size : sizes) {
            TargetOptions.between("--sizes", size, before + 1, 1_000_000_000);
            before = size;
        }
        TargetOptions.between("--minutes-max", minutesMax, 1, 10_000);
        TargetOptions.between("--messages", messages, 1, 1_000_000_000);
        TargetOptions.between("--duration", (long) Math.ceil(durationSeconds), 1, 604_800);
        pairs().check();
        database.check("growth", false, targets);
    }

    @Override
    void databaseUrl(String url) {
        database.started(url);
    }

    @Override
    int inFlightMax() {
        return WINDOW;
    }

    @Override
    void play(Run run) throws Exception {
        Grower grower = Grower.of(of, run, targets.targets(), payloadBytes);
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(minutesMax);
        List<Object> points = new ArrayList<>();
        run.results().put("growth_of", of);
        run.results().put("growth", points);
        List<Long> left = new ArrayList<>(sizes);
        run.results().put("sizes_left_out", left);
        probe(run, 0, new LinkedHashMap<>()); // the first one is for Java to learn
        while (!left.isEmpty() && System.nanoTime() < end) {
            long size = left.removeFirst();
            Map<String, Object> point = new LinkedHashMap<>();
            points.add(point);
            point.put("size", size);
            Map<String, Long> before = look(run);
            long added = grow(run, grower, size, point);
            put(point, before, look(run), added, List.of("database_bytes", "wal_bytes", "wal_full_page_bytes"));
            grower.sample(point);
            probe(run, size, point);
            // Not earlier: a node hears of new filters when it publishes, and both ends of the difference have seen the
            // same load.
            Map<String, Long> after = look(run);
            put(
                    point,
                    before,
                    after,
                    added,
                    after.keySet().stream().filter(Growth::isMemory).toList());
            point.put("autovacuums", after.getOrDefault("autovacuums", 0L));
        }
    }

    private static boolean isMemory(String name) {
        return name.endsWith("_heap_bytes") || name.endsWith("_resident_bytes");
    }

    private static void put(
            Map<String, Object> point,
            Map<String, Long> before,
            Map<String, Long> after,
            long added,
            List<String> names) {
        for (String name : names) {
            Long value = after.get(name);
            if (value != null) {
                point.put(name, value);
                double more = value - before.getOrDefault(name, 0L);
                point.put("grown_" + name + "_each", added == 0 ? 0 : more / added);
            }
        }
    }

    private static long grow(Run run, Grower grower, long size, Map<String, Object> point) throws Exception {
        run.phase("grow to " + size);
        long added = grower.to(size);
        run.endPhase();
        Phase phase = run.phases().getLast();
        if (added > 0) {
            point.put("grown_per_second", added / phase.seconds());
            point.put("grown_cpu_micros_each", phase.watchedCpuSeconds() * 1e6 / added);
        }
        return added;
    }

    /** Memory, the heap after a collection, and what the database holds and has logged. */
    private Map<String, Long> look(Run run) throws Exception {
        Map<String, Long> seen = new LinkedHashMap<>();
        for (Processes.Watched process : run.processes().watched()) {
            if (!process.withChildren() && Heap.isJava(process.pid())) {
                seen.merge(process.name() + "_heap_bytes", Heap.usedBytes(process.pid()), Long::sum);
            }
        }
        run.processes().memoryBytes().forEach((name, bytes) -> seen.put(name + "_resident_bytes", bytes));
        Optional<Database> known = database.database();
        if (known.isPresent()) {
            seen.put("database_bytes", known.get().bytes());
            seen.put("wal_bytes", known.get().walBytes());
            seen.put("wal_full_page_bytes", known.get().walFullPages() * FULL_PAGE_BYTES);
            seen.put("autovacuums", known.get().autovacuums());
        }
        return seen;
    }

    /** The same at each size: stored pairs, then sessions that go, are filled for, and drain. */
    private void probe(Run run, long size, Map<String, Object> point) throws Exception {
        Traffic pairs = new Traffic(run, pairs(), targets.targets(), "-" + size);
        Pairs.addPairs(run, pairs, pairs(), PAIRS);
        pairs.play();
        Phase live = Scale.phase(run, pairs.phase("load"));
        run.mainPhase(live.name());
        point.put("pairs_delivered_per_second", live.perSecond(Meters.Count.DELIVERED));
        perCpu(point, "pairs_delivered_per_cpu_second", live, Meters.Count.DELIVERED);
        Fill.Load load = new Fill.Load(PUBLISHERS, 1, WINDOW, 0, payloadBytes);
        Fill fill = new Fill(run, targets.targets(), load, run.prefix() + "-g" + size, 1, messages);
        fill.subscribe("subscribe " + size);
        long wal = walBytes();
        Phase filled = fill.play("fill " + size);
        point.put("fill_acknowledged_per_second", filled.perSecond(Meters.Count.ACKNOWLEDGED));
        perCpu(point, "fill_acknowledged_per_cpu_second", filled, Meters.Count.ACKNOWLEDGED);
        point.put("fill_wal_bytes_each", (double) (walBytes() - wal) / messages);
        Return back = new Return(run, fill.backlog(), targets.targets());
        back.drain(fill.backlog().sample(DRAIN_MAX), "drain " + size, new LinkedHashMap<>());
        Phase drained = run.phases().getLast();
        point.put("drain_delivered_per_second", drained.perSecond(Meters.Count.DELIVERED));
        perCpu(point, "drain_delivered_per_cpu_second", drained, Meters.Count.DELIVERED);
        back.forgetAll();
    }

    private static void perCpu(Map<String, Object> point, String name, Phase phase, Meters.Count count) {
        double used = phase.watchedCpuSeconds();
        if (used > 0) {
            point.put(name, phase.count(count) / used);
        }
    }

    private TrafficOptions pairs() {
        TrafficOptions options = new TrafficOptions();
        options.qos = 1;
        options.window = WINDOW;
        options.payloadBytes = payloadBytes;
        options.durationSeconds = durationSeconds;
        options.warmUpSeconds = 1;
        options.persistent = true;
        return options;
    }

    private long walBytes() throws SQLException {
        Optional<Database> known = database.database();
        return known.isPresent() ? known.get().walBytes() : 0;
    }
}
