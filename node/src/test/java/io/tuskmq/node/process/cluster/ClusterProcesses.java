package io.tuskmq.node.process.cluster;

import io.tuskmq.node.embedded.PostgresProcess;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.CrashClient.Entrance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** PostgreSQL, nodes and, where it is installed, HAProxy before them: all processes of their own. */
public final class ClusterProcesses implements AutoCloseable {
    /** Short, so that a test sees its end; long enough that on a slow machine nodes that run don't lose it. */
    static final Duration LEASE = Duration.ofSeconds(6);

    private static final Path LOGS = Path.of("target", "cluster-processes").toAbsolutePath();
    private static final AtomicInteger FLEETS = new AtomicInteger();

    private final List<ClusterNode> nodes = new ArrayList<>();
    private final PostgresProcess database;
    private final AtomicInteger turn = new AtomicInteger();
    private @Nullable HaProxy proxy;

    private ClusterProcesses(PostgresProcess database) {
        this.database = database;
    }

    /** On the loopback address, which can't be cut. */
    static ClusterProcesses start(String name, int nodes, Duration lease) {
        Path directory = fresh(name);
        PostgresProcess database = PostgresProcess.create(new PostgresProcess.Place(
                directory.resolve("postgres"), shared(), "127.0.0.1", Ports.free(), List.of()));
        List<ClusterNode.Place> places = new ArrayList<>();
        for (int i = 1; i <= nodes; i++) {
            places.add(new ClusterNode.Place(
                    "n" + i, "127.0.0.1", Ports.free(), Ports.free(), Ports.free(), Ports.free(), List.of()));
        }
        return start(directory, database, places, lease);
    }

    /** Each in a namespace of its own: {@code n1}, {@code n2} …, and {@code db}; HAProxy and the load stay outside. */
    static ClusterProcesses start(String name, Namespaces namespaces, int nodes) {
        Path directory = fresh(name);
        PostgresProcess database = PostgresProcess.create(new PostgresProcess.Place(
                directory.resolve("postgres"), shared(), namespaces.address("db"), 5432, namespaces.prefix("db")));
        List<ClusterNode.Place> places = new ArrayList<>();
        for (int i = 1; i <= nodes; i++) {
            places.add(new ClusterNode.Place(
                    "n" + i, namespaces.address("n" + i), 1883, 8080, 5701, 7800, namespaces.prefix("n" + i)));
        }
        return start(directory, database, places, LEASE);
    }

    private static ClusterProcesses start(
            Path directory, PostgresProcess database, List<ClusterNode.Place> places, Duration lease) {
        ClusterProcesses cluster = new ClusterProcesses(database);
        try {
            List<String> options = List.of("--node.lease-seconds", Long.toString(lease.toSeconds()));
            var settings = new ClusterNode.Settings(directory, database.url(), options);
            places.forEach(place -> cluster.nodes.add(new ClusterNode(place, settings)));
            cluster.nodes.forEach(ClusterNode::start);
            if (HaProxy.isInstalled()) {
                cluster.proxy = HaProxy.start(directory, cluster.nodes);
            }
            cluster.awaitReady();
            return cluster;
        } catch (RuntimeException | AssertionError e) {
            System.err.print(cluster.tails());
            cluster.close();
            throw e;
        }
    }

    private static Path shared() {
        return LOGS.resolve("postgres-programs");
    }

    private static Path fresh(String name) {
        Path directory = LOGS.resolve(name);
        try {
            if (Files.exists(directory)) {
                try (Stream<Path> tree = Files.walk(directory)) {
                    for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(path);
                    }
                }
            }
            return Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public PostgresProcess database() {
        return database;
    }

    /** @param number from 1 */
    public ClusterNode node(int number) {
        return nodes.get(number - 1);
    }

    public List<ClusterNode> nodes() {
        return List.copyOf(nodes);
    }

    /** HAProxy; a test that needs it is skipped where it isn't installed. */
    public HaProxy proxy() {
        HaProxy running = proxy;
        Needs.that(running != null, "haproxy is not installed");
        if (running == null) {
            throw new IllegalStateException();
        }
        return running;
    }

    /** To any node: by HAProxy, or without it to one after the other. */
    public Entrance entrance() {
        HaProxy running = proxy;
        return running != null ? running::open : this::openNext;
    }

    private RawClient openNext() throws IOException {
        IOException refused = new IOException("there are no nodes");
        for (int i = 0; i < nodes.size(); i++) {
            try {
                return nodes.get(Math.floorMod(turn.getAndIncrement(), nodes.size()))
                        .open();
            } catch (IOException e) {
                refused = e;
            }
        }
        throw refused;
    }

    /** A first level of topics that nobody has used yet. */
    public String newRoot() {
        return "fleet" + FLEETS.incrementAndGet();
    }

    /** A load through the entrance, with topics of its own. */
    public Fleet fleet(int publishers, int subscribers) {
        return Fleet.start(newRoot(), entrance(), publishers, subscribers);
    }

    /** The incarnation of a node whose lease is valid; 0: there is none. */
    public long incarnation(ClusterNode node) {
        return number(
                "SELECT max(incarnation) FROM node WHERE name = ? AND lease_until > clock_timestamp()", node.name());
    }

    /** The same, whether its lease is valid or not. */
    public long newestIncarnation(ClusterNode node) {
        return number("SELECT max(incarnation) FROM node WHERE name = ?", node.name());
    }

    /** The node that has a session; fails when none has it. */
    public ClusterNode owner(String clientId) {
        long owner = number("SELECT owner FROM session WHERE client_id = ?", clientId);
        return nodes.stream()
                .filter(node -> newestIncarnation(node) == owner)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no node has " + clientId));
    }

    private long number(String query, String parameter) {
        try (Connection connection = database.connect();
                PreparedStatement statement = connection.prepareStatement(query)) {
            statement.setString(1, parameter);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? row.getLong(1) : 0;
            }
        } catch (SQLException e) {
            throw new AssertionError(query, e);
        }
    }

    /** Waits for all nodes that run, and until HAProxy knows. */
    public void awaitReady() {
        List<ClusterNode> running =
                nodes.stream().filter(ClusterNode::isRunning).toList();
        running.forEach(ClusterNode::awaitReady);
        if (proxy != null) {
            proxy.awaitUp(running.stream().map(ClusterNode::name).collect(Collectors.toSet()));
        }
    }

    /** Whatever a test has done: everything runs again afterwards. */
    void restore() {
        if (database.isRunning()) {
            database.resume();
        } else {
            database.start();
        }
        for (ClusterNode node : nodes) {
            if (node.isRunning()) {
                node.resume();
            } else {
                node.start();
            }
        }
        awaitReady();
    }

    /** The ends of all logs. */
    String tails() {
        StringBuilder all = new StringBuilder();
        nodes.forEach(node -> all.append(node.tail()));
        all.append(database.tail());
        if (proxy != null) {
            all.append(proxy.tail());
        }
        return all.toString();
    }

    @Override
    public void close() {
        if (proxy != null) {
            proxy.close();
        }
        nodes.forEach(ClusterNode::close);
        database.close();
    }
}
