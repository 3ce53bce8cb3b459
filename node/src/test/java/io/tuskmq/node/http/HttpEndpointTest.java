package io.tuskmq.node.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.metrics.Metrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpEndpointTest {
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client = HttpClient.newHttpClient();
    private final Metrics metrics = new Metrics();
    private final AtomicBoolean ready = new AtomicBoolean();
    private String base = "";

    @BeforeEach
    void start() throws Exception {
        base = "http://"
                + await(HttpEndpoint.start(vertx, "127.0.0.1", 0, metrics, ready::get))
                        .address();
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        await(vertx.close());
    }

    @Test
    void isLiveBeforeItIsReady() throws Exception {
        assertEquals(200, get("/health/live").statusCode());
        assertEquals(503, get("/health/ready").statusCode());
        ready.set(true);
        assertEquals(200, get("/health/ready").statusCode());
        ready.set(false);
        assertEquals(503, get("/health/ready").statusCode());
    }

    @Test
    void showsMetricsAsPrometheusReadsThem() throws Exception {
        metrics.counter("tuskmq_test_total", "Test.").add(7);
        HttpResponse<String> page = get("/metrics");
        assertEquals(200, page.statusCode());
        assertTrue(page.body().contains("\ntuskmq_test_total 7\n"), page.body());
        assertEquals(
                "text/plain; version=0.0.4; charset=utf-8",
                page.headers().firstValue("Content-Type").orElse(""));
    }

    @Test
    void answersHeadAndRefusesTheRest() throws Exception {
        assertEquals(200, send("HEAD", "/health/live").statusCode());
        assertEquals(
                "5",
                send("HEAD", "/health/live")
                        .headers()
                        .firstValue("Content-Length")
                        .orElse(""));
        assertEquals(405, send("POST", "/health/live").statusCode());
        assertEquals(404, get("/").statusCode());
        assertEquals(404, get("/health").statusCode());
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send("GET", path);
    }

    private HttpResponse<String> send(String method, String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + path))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }
}
