package io.tuskmq.node.process.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.Yaml;

/**
 * Run by hand ({@code load-tests/cluster-figures}): three nodes and PostgreSQL as processes of this machine; writes what takeovers, deaths
 * and forwarding take as one JSON file. {@code ClusterFigures [--result FILE] [--routes FILE] [--note TEXT]}
 */
public final class ClusterFigures {
    private static final int NODES = 3;
    private static final int KILLS = 2;
    private static final DateTimeFormatter FILE_TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    /** Shorter than that of the tests: what it delays is measured, and compared with earlier figures. */
    private static final Duration LEASE = Duration.ofSeconds(3);

    private final ClusterProcesses cluster;
    private final Map<String, Object> result = new LinkedHashMap<>();

    private ClusterFigures(ClusterProcesses cluster) {
        this.cluster = cluster;
    }

    public static void main(String[] arguments) throws Exception {
        Instant started = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        Map<String, String> options = options(arguments);
        Path results = Path.of("..", "load-tests", "results");
        String name = "cluster-" + FILE_TIME.format(started) + ".json";
        Path file = Path.of(
                        options.getOrDefault("--result", results.resolve(name).toString()))
                .toAbsolutePath()
                .normalize();
        say("starting " + NODES + " nodes");
        try (ClusterProcesses cluster = ClusterProcesses.start("figures", NODES, LEASE)) {
            ClusterFigures figures = new ClusterFigures(cluster);
            figures.about(started, options);
            try {
                figures.routes(options);
                figures.measure();
            } catch (RuntimeException | AssertionError | IOException e) {
                figures.result.put("failed", e.toString());
                throw e;
            } finally {
                Files.writeString(file, FiguresJson.text(figures.result));
            }
        }
        System.out.println(file);
    }

    private static Map<String, String> options(String[] arguments) {
        Map<String, String> options = new LinkedHashMap<>();
        List<String> known = List.of("--result", "--routes", "--note");
        for (int i = 0; i < arguments.length; i += 2) {
            if (!known.contains(arguments[i]) || i + 1 == arguments.length) {
                throw new IllegalArgumentException(arguments[i] + ": the options, each with a value, are " + known);
            }
            options.put(arguments[i], arguments[i + 1]);
        }
        return options;
    }

    private static void say(String line) {
        System.err.println("cluster-figures: " + line);
    }

    private void about(Instant started, Map<String, String> options) throws IOException, SQLException {
        result.put("scenario", "cluster");
        result.put("started", started.toString());
        Map<String, Object> machine = new LinkedHashMap<>();
        machine.put("cores", Runtime.getRuntime().availableProcessors());
        machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        machine.put("java", System.getProperty("java.version"));
        try (Connection connection = cluster.database().connect()) {
            machine.put("postgresql", connection.getMetaData().getDatabaseProductVersion());
        }
        result.put("machine", machine);
        if (options.containsKey("--note")) {
            result.put("note", options.get("--note"));
        }
        result.put("load_average_before", loadAverage());
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("nodes", NODES);
        settings.put("node_jvm", "C1 only, serial collector, 256 MB of heap");
        settings.put("lease_seconds", LEASE.toSeconds());
        settings.put("takeover_subscriptions", TakeoverFigures.SUBSCRIPTIONS);
        settings.put("killed_sessions", DeathFigures.SESSIONS);
        settings.put("killed_wills", DeathFigures.WILLS);
        settings.put("forward_publishers", ForwardFigures.PUBLISHERS);
        settings.put("forward_window_qos_1", ForwardFigures.WINDOW);
        settings.put("forward_qos_0_underway_max", ForwardFigures.QOS_0_UNDERWAY_MAX);
        settings.put("forward_payload_bytes", ForwardFigures.PAYLOAD_BYTES);
        settings.put("forward_seconds", ForwardFigures.RATE_SECONDS);
        settings.put("latency_messages_per_second", ForwardFigures.LATENCY_PER_SECOND);
        result.put("settings", settings);
    }

    private static String loadAverage() throws IOException {
        Path file = Path.of("/proc/loadavg");
        return Files.isReadable(file) ? Files.readString(file).strip() : "not known";
    }

    private void measure() throws IOException, InterruptedException {
        TakeoverFigures takeovers = new TakeoverFigures(cluster);
        Map<String, Object> takeover = new LinkedHashMap<>();
        result.put("takeover_connect_to_connack", takeover);
        say("takeovers");
        takeover.put("owner_alive", takeovers.ownerAlive());
        measureForwards();
        say("takeovers from a dead node");
        takeover.put("owner_dead", takeovers.ownerDead());
        say("takeovers from a paused node");
        takeover.put("owner_paused", takeovers.ownerPaused());
        List<Object> kills = new ArrayList<>();
        result.put("after_kill_9", kills);
        for (int i = 1; i <= KILLS; i++) {
            say("kill -9, " + i + " of " + KILLS);
            kills.add(new DeathFigures(cluster).kill());
        }
        result.put("load_average_after", loadAverage());
    }

    private void measureForwards() throws IOException {
        ForwardFigures forwards = new ForwardFigures(cluster);
        Map<String, Object> latency = new LinkedHashMap<>();
        Map<String, Object> rate = new LinkedHashMap<>();
        result.put("latency_of_the_hop", latency);
        result.put("forwarded_messages", rate);
        for (int qos = 0; qos <= 1; qos++) {
            say("latency and rate of QoS " + qos);
            latency.put("qos_" + qos, forwards.latency(qos));
            Map<String, Object> rates = new LinkedHashMap<>();
            rates.put("same_node", forwards.rate(qos, 1));
            rates.put("two_nodes", forwards.rate(qos, 2));
            rate.put("qos_" + qos, rates);
        }
    }

    /** What a run of RouteLoad has printed; JSON is YAML. */
    private void routes(Map<String, String> options) throws IOException {
        String file = options.get("--routes");
        if (file != null) {
            Map<?, ?> routes = new Yaml().load(Files.readString(Path.of(file)));
            result.put("routes_of_a_joining_node", new LinkedHashMap<>(routes));
        }
    }
}
