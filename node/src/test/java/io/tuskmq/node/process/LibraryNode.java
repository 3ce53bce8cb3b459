package io.tuskmq.node.process;

import io.tuskmq.cluster.NoCluster;
import io.tuskmq.node.EventLoops;
import io.tuskmq.node.Node;
import io.tuskmq.node.Settings;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Future;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A node in the process of the tests, with TCP and WebSocket, for client libraries to meet. */
final class LibraryNode implements AutoCloseable {
    private final EventLoops loops = EventLoops.open();
    private final Node node;

    LibraryNode(TestDatabase database) {
        this(database, 10);
    }

    LibraryNode(TestDatabase database, int receiveMaximum) {
        Settings settings = Settings.of(Map.of(
                "mqtt.port", "0",
                "mqtt.websocket.port", "0",
                "mqtt.topic-alias-maximum", "5",
                "mqtt.receive-maximum", Integer.toString(receiveMaximum),
                "mqtt.keep-alive-max-seconds", "100"));
        node = await(Node.start(
                new Node.Surroundings(loops, settings, database.url(), new Metrics()),
                new NoCluster(),
                false,
                () -> {}));
    }

    int port() {
        return Integer.parseInt(node.mqttAddress().substring(node.mqttAddress().lastIndexOf(':') + 1));
    }

    int webSocketPort() {
        return node.webSocketPort();
    }

    String tcp() {
        return "tcp://127.0.0.1:" + port();
    }

    String webSocket() {
        return "ws://127.0.0.1:" + webSocketPort() + "/mqtt";
    }

    @Override
    public void close() {
        try {
            await(node.stop());
        } finally {
            await(loops.close());
        }
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
