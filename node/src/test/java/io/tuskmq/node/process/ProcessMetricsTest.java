package io.tuskmq.node.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A node as it is started shows what only a process has; and what is off is not loaded. */
final class ProcessMetricsTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private static Path temporary;

    @RegisterExtension
    final Brokers brokers = Brokers.perTest();

    @Test
    void theProcessIsMeasuredAndTracesAreNotLoaded() throws IOException, InterruptedException {
        Path classes = temporary.resolve("classes.txt");
        BrokerProcess node = brokers.javaOptions("-Xmx256m", "-Xlog:class+load:file=" + classes)
                .start();
        HttpResponse<String> page;
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI metrics = URI.create("http://127.0.0.1:" + node.httpPort() + "/metrics");
            page = client.send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString());
        }
        assertEquals(200, page.statusCode());
        assertTrue(
                page.headers().firstValue("Content-Type").orElse("").startsWith("text/plain; version=0.0.4"),
                page.headers()::toString);
        for (String sample : List.of(
                "tuskmq_ready 1\n",
                "tuskmq_leases_lost_total 0\n",
                "tuskmq_event_loop_delay_seconds_count{loops=\"clients\"}",
                "jvm_memory_used_bytes{area=\"heap\"",
                "process_cpu_usage ")) {
            assertTrue(page.body().contains(sample), () -> sample + "\n" + page.body());
        }
        String loaded = Files.readString(classes);
        assertTrue(loaded.contains("io.tuskmq.node.session.Traces"), "classes are noted");
        assertFalse(loaded.contains("io.opentelemetry."), "OpenTelemetry is loaded, and nobody asked for it");
    }
}
