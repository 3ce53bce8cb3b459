package io.tuskmq.node.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
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
