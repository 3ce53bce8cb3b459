package io.tuskmq.load.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class GrowthPlotsTest {
    @Test
    void drawsOnePlotForEachFigureOverItsSize() {
        StringBuilder out = new StringBuilder();
        GrowthPlots.write(
                out,
                List.of(
                        Map.of("size", 1_000L, "heap_bytes", 5_000L),
                        Map.of("size", 10_000L, "heap_bytes", 50_000L, "return_millis_p50", 1.5)),
                "size",
                "filters");
        String page = out.toString();
        assertTrue(page.startsWith("<h2>Growth of filters</h2>"), page);
        assertEquals(3, page.split("<svg", -1).length, "two figures, the size is the axis");
        assertTrue(page.contains(">1,000</text>") && page.contains(">10,000</text>"), page);
        assertTrue(page.contains("<h3>heap bytes</h3>"), page);
        assertFalse(page.contains("NaN"), page);
    }

    @Test
    void saysNothingWithoutPoints() {
        StringBuilder out = new StringBuilder();
        GrowthPlots.write(out, List.of(), "size", "filters");
        assertEquals("", out.toString());
    }
}
