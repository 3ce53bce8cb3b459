package io.tuskmq.node.http;

import io.tuskmq.node.metrics.Metrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** {@code /health/live}, {@code /health/ready} and {@code /metrics}. */
public final class HttpEndpoint {
    private static final int IDLE_SECONDS = 60;
    private static final String PLAIN = "text/plain; charset=utf-8";
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

    private final HttpServer server;
    private final String host;

    private HttpEndpoint(HttpServer server, String host) {
        this.server = server;
        this.host = host;
    }

    /**
     * Listens.
     *
     * @param port 0: any free port
     * @param ready whether this node takes clients now; asked on an event loop, must not block
     */
    public static Future<HttpEndpoint> start(
            Vertx vertx, String host, int port, Metrics metrics, BooleanSupplier ready) {
        HttpServerOptions options = new HttpServerOptions()
                .setHost(host)
                .setPort(port)
                .setIdleTimeout(IDLE_SECONDS)
                .setIdleTimeoutUnit(TimeUnit.SECONDS);
        return vertx.createHttpServer(options)
                .requestHandler(request -> answer(request, metrics, ready))
                .listen()
                .map(server -> new HttpEndpoint(server, host));
    }

    /** {@code host:port} as listened on. */
    public String address() {
        return host + ":" + server.actualPort();
    }

    public Future<Void> stop() {
        return server.close();
    }

    private static void answer(HttpServerRequest request, Metrics metrics, BooleanSupplier ready) {
        if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
            request.response().putHeader("Allow", "GET, HEAD");
            send(request, 405, PLAIN, "only GET and HEAD\n");
            return;
        }
        switch (request.path()) {
            case "/health/live" -> send(request, 200, PLAIN, "live\n");
            case "/health/ready" -> {
                boolean isReady = ready.getAsBoolean();
                send(request, isReady ? 200 : 503, PLAIN, isReady ? "ready\n" : "not ready\n");
            }
            case "/metrics" -> send(request, 200, PROMETHEUS, metrics.text());
            case null, default -> send(request, 404, PLAIN, "no such page\n");
        }
    }

    private static void send(HttpServerRequest request, int status, String type, String body) {
        HttpServerResponse response = request.response().setStatusCode(status).putHeader("Content-Type", type);
        if (request.method().equals(HttpMethod.HEAD)) {
            int bytes = body.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
            response.putHeader("Content-Length", Integer.toString(bytes));
            response.end();
        } else {
            response.end(body);
        }
    }
}
