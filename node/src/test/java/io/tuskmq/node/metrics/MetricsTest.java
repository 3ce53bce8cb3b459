package io.tuskmq.node.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class MetricsTest {
    @Test
    void writesPrometheusText() {
        Metrics metrics = new Metrics();
        metrics.counter("tuskmq_dropped_total", "Dropped.", Map.of("reason", "queue \"full\""))
                .add(2);
        metrics.counter("tuskmq_dropped_total", "Dropped.", Map.of("reason", "expired"))
                .increment();
        metrics.counter("tuskmq_a_total", "First\nline.").add(3);
        metrics.gauge("tuskmq_ratio", "Ratio.", () -> 0.5);
        assertEquals("""
                # HELP tuskmq_a_total First\\nline.
                # TYPE tuskmq_a_total counter
                tuskmq_a_total 3
                # HELP tuskmq_dropped_total Dropped.
                # TYPE tuskmq_dropped_total counter
                tuskmq_dropped_total{reason="expired"} 1
                tuskmq_dropped_total{reason="queue \\"full\\""} 2
                # HELP tuskmq_ratio Ratio.
                # TYPE tuskmq_ratio gauge
                tuskmq_ratio 0.5
                """, metrics.text());
    }

    @Test
    void aHistogramCountsUpToEachBound() {
        Metrics metrics = new Metrics();
        Metrics.Histogram sizes = metrics.histogram("tuskmq_batch_rows", "Rows.", 1, 10);
        sizes.record(1);
        sizes.record(4);
        metrics.histogram("tuskmq_batch_rows", "Rows.", 1, 10).record(400);
        String text = metrics.text();
        assertTrue(text.contains("# TYPE tuskmq_batch_rows histogram\n"), text);
        assertTrue(text.contains("tuskmq_batch_rows_bucket{le=\"1.0\"} 1\n"), text);
        assertTrue(text.contains("tuskmq_batch_rows_bucket{le=\"10.0\"} 2\n"), text);
        assertTrue(text.contains("tuskmq_batch_rows_bucket{le=\"+Inf\"} 3\n"), text);
        assertTrue(text.contains("tuskmq_batch_rows_sum 405\n"), text);
    }

    @Test
    void aHistogramOfSecondsTellsMicrosecondsApart() {
        Metrics metrics = new Metrics();
        Metrics.Histogram seconds = metrics.histogram("tuskmq_commit_seconds", "Commits.", 0.000_5, 0.02, 1);
        seconds.record(0.000_4);
        seconds.record(0.000_6);
        seconds.record(0.5);
        String text = metrics.text();
        assertTrue(text.contains("# TYPE tuskmq_commit_seconds histogram\n"), text);
        assertTrue(text.contains("tuskmq_commit_seconds_bucket{le=\"5.0E-4\"} 1\n"), text);
        assertTrue(text.contains("tuskmq_commit_seconds_bucket{le=\"0.02\"} 2\n"), text);
        assertTrue(text.contains("tuskmq_commit_seconds_bucket{le=\"1.0\"} 3\n"), text);
        assertTrue(text.contains("tuskmq_commit_seconds_sum 0.501\n"), text);
        assertTrue(text.contains("tuskmq_commit_seconds_max 0.5\n"), text);
    }

    @Test
    void whatIsNotKnownOrNotThereHasNoSample() {
        Metrics metrics = new Metrics();
        AtomicReference<OptionalDouble> age = new AtomicReference<>(OptionalDouble.empty());
        Map<String, Double> waiting = new HashMap<>(Map.of("a", 1.0, "b", 2.0));
        metrics.known("tuskmq_age_seconds", "Age.", age::get);
        metrics.each("tuskmq_link_bytes", "Waiting.", "peer", () -> waiting);
        assertFalse(metrics.text().contains("tuskmq_age_seconds "));
        age.set(OptionalDouble.of(2.5));
        assertTrue(metrics.text().contains("tuskmq_age_seconds 2.5\n"));
        assertTrue(metrics.text().contains("tuskmq_link_bytes{peer=\"b\"} 2\n"));
        waiting.remove("b");
        waiting.put("a", 7.0);
        age.set(OptionalDouble.of(3));
        String text = metrics.text();
        assertTrue(text.contains("tuskmq_link_bytes{peer=\"a\"} 7\n"), text);
        assertTrue(text.contains("tuskmq_age_seconds 3\n"), text);
        assertFalse(text.contains("peer=\"b\""), text);
    }

    @Test
    void aSecondGaugeOfTheNameReplacesTheFirst() {
        Metrics metrics = new Metrics();
        metrics.gauge("tuskmq_links", "Links.", () -> 1);
        metrics.gauge("tuskmq_links", "Links.", () -> 2);
        assertTrue(metrics.text().contains("tuskmq_links 2\n"));
    }

    @Test
    void buildInfoKeepsItsName() {
        Metrics metrics = new Metrics();
        metrics.gauge("tuskmq_build_info", "Build.", Map.of("version", "1"), () -> 1);
        assertTrue(metrics.text().contains("tuskmq_build_info{version=\"1\"} 1\n"), metrics.text());
    }

    @Test
    void givesEveryCallerTheSameCounter() {
        Metrics metrics = new Metrics();
        assertSame(metrics.counter("tuskmq_a_total", "A."), metrics.counter("tuskmq_a_total", "A."));
    }

    @Test
    void refusesNamesThatPrometheusWouldNotRead() {
        Metrics metrics = new Metrics();
        metrics.gauge("tuskmq_b_total", "B.", () -> 1);
        assertThrows(IllegalArgumentException.class, () -> metrics.counter("tuskmq_a", "A."));
        assertThrows(IllegalArgumentException.class, () -> metrics.counter("tuskmq-a_total", "A."));
        assertThrows(IllegalArgumentException.class, () -> metrics.counter("tuskmq_b_total", "B."));
        assertThrows(IllegalArgumentException.class, () -> metrics.counter("tuskmq_c_total", "C.", Map.of("a b", "c")));
    }
}
