package io.tuskmq.node.process.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

class TimingsTest {
    @Test
    void percentilesAreMeasuredValues() {
        Timings timings = new Timings();
        for (int millis = 200; millis >= 1; millis--) {
            timings.add(millis * 1_000_000L);
        }
        assertEquals(
                Map.of("count", 200, "millis_min", 1.0, "millis_p50", 100.0, "millis_p99", 198.0, "millis_max", 200.0),
                timings.figures());
    }

    @Test
    void aSingleOneIsAllPercentiles() {
        Timings timings = new Timings();
        timings.add(2_500_000);
        assertEquals(2.5, timings.percentile(50));
        assertEquals(2.5, timings.percentile(99));
    }

    @Test
    void ofNothingThereIsOnlyTheCount() {
        assertEquals(Map.of("count", 0), new Timings().figures());
    }

    @Test
    void theResultIsJson() {
        assertEquals(
                "{\n  \"a \\\"b\\\"\": 1.2346,\n  \"list\": [\n    1,\n    true\n  ]\n}\n",
                FiguresJson.text(
                        new java.util.TreeMap<>(Map.of("a \"b\"", 1.23456, "list", java.util.List.of(1, true)))));
    }
}
