package io.tuskmq.node.mqtt;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;

/** A listener on free ports with a recording handler, for one test. */
abstract class ListenerTest {
    private static final Vertx VERTX = Vertx.vertx();

    final RecordingHandler handler = new RecordingHandler();
    private final List<MqttListener> listeners = new ArrayList<>();
    private final List<RawClient> clients = new ArrayList<>();

    static Vertx vertx() {
        return VERTX;
    }

    MqttListener listen(MqttOptions options) {
        return listening(new MqttListener(VERTX, options, handler));
    }

    MqttListener listening(MqttListener listener) {
        listeners.add(listener);
        listener.listen()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        return listener;
    }

    int tcp() {
        return tcp(MqttOptions.Limits.DEFAULT);
    }

    int tcp(MqttOptions.Limits limits) {
        return listen(MqttOptions.tcp("127.0.0.1", 0, 1).withLimits(limits)).port();
    }

    RawClient client(int port) throws IOException {
        RawClient client = RawClient.connect(port);
        clients.add(client);
        return client;
    }

    RawClient connected(int port, byte[] connect) throws IOException {
        RawClient client = RawClient.connected(port, connect);
        clients.add(client);
        return client;
    }

    @AfterEach
    void closeAll() throws IOException {
        for (RawClient client : clients) {
            client.close();
        }
        for (MqttListener listener : listeners) {
            listener.close()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .orTimeout(20, TimeUnit.SECONDS)
                    .join();
        }
    }
}
