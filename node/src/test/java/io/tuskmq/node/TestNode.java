package io.tuskmq.node;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.NoCluster;
import io.tuskmq.migrations.DatabaseUrl;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;

/** A node in the test's own process, on a database of its own, on free ports. */
public final class TestNode implements AutoCloseable {
    private static final long LIMIT_SECONDS = 60;

    private final EventLoops loops;
    private final Metrics metrics = new Metrics();
    private final Node node;

    /** @param settings pairs of key and value, besides ports */
    public TestNode(TestDatabase database, String... settings) {
        this(EventLoops.open(), database, (loops, given) -> new NoCluster(), settings);
    }

    private TestNode(
            EventLoops loops,
            TestDatabase database,
            BiFunction<EventLoops, Settings, Cluster> cluster,
            String... settings) {
        this.loops = loops;
        Map<String, String> given = new HashMap<>();
        given.put("mqtt.port", "0");
        given.put("mqtt.websocket.port", "0");
        for (int i = 0; i < settings.length; i += 2) {
            given.put(settings[i], settings[i + 1]);
        }
        Settings all = Settings.of(given);
        node = await(Node.start(
                new Node.Surroundings(loops, all, DatabaseUrl.parse(database.urlString()), metrics),
                cluster.apply(loops, all),
                false,
                () -> {}));
    }

    /** One of several on the database. */
    public static TestNode ofCluster(EventLoops loops, TestDatabase database, String... settings) {
        return new TestNode(loops, database, NodeSettings::cluster, settings);
    }

    /** Of MQTT over TCP, on 127.0.0.1. */
    public int port() {
        String address = node.mqttAddress();
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    public int tlsPort() {
        return node.tlsPort();
    }

    public int webSocketPort() {
        return node.webSocketPort();
    }

    public Metrics metrics() {
        return metrics;
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        await(node.stop().eventually(() -> loops.close()));
    }
}
