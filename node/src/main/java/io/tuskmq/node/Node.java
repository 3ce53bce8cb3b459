package io.tuskmq.node;

import io.tuskmq.migrations.DatabaseUrl;
import io.tuskmq.node.metrics.Metrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;

/** The broker itself, wired by constructors. */
public final class Node {
    private final NetServer server;
    private final String host;

    private Node(NetServer server, String host) {
        this.server = server;
        this.host = host;
    }

    /** Starts on a database whose schema is current; completes when clients are accepted. */
    public static Future<Node> start(Vertx vertx, Settings settings, DatabaseUrl database, Metrics metrics) {
        String host = settings.get(Settings.MQTT_HOST);
        return vertx.createNetServer()
                .connectHandler(socket -> socket.close())
                .listen(settings.get(Settings.MQTT_PORT), host)
                .map(server -> new Node(server, host));
    }

    /** Whether clients are served now. */
    public boolean ready() {
        return true;
    }

    /** {@code host:port} as listened on. */
    public String mqttAddress() {
        return host + ":" + server.actualPort();
    }

    public Future<Void> stop() {
        return server.close();
    }
}
