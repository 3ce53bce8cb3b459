package io.tuskmq.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ReportTest {
    @Test
    void writesEachKindOfValueAsJson() {
        Map<String, @Nullable Object> report = new LinkedHashMap<>();
        report.put("text", "a \"quoted\" \\ line\n");
        report.put("count", 3_000_000_000L);
        report.put("rate", 123_456.789);
        report.put("small", 0.000_012_345_678);
        report.put("unknown", null);
        report.put("ratio", Double.NaN);
        report.put("list", List.of(true, 1));
        report.put("none", List.of());
        assertEquals("""
                {
                  "text": "a \\"quoted\\" \\\\ line\\u000a",
                  "count": 3000000000,
                  "rate": 123457,
                  "small": 0.0000123457,
                  "unknown": null,
                  "ratio": null,
                  "list": [
                    true,
                    1
                  ],
                  "none": []
                }
                """, Json.text(report));
    }

    @Test
    void aPhaseTellsItsCountTimeRateAndProcessorTime() {
        Map<String, @Nullable Object> cpu =
                new Cpu(3.0, null, 1.0).microsPerMessageSince(new Cpu(1.0, null, 0.5), 1_000_000);
        Map<String, Object> form = new OfflineFill.Phase(1_000_000, 4, cpu).form();
        assertEquals(List.of("count", "seconds", "per_second", "cpu_micros_each"), List.copyOf(form.keySet()));
        assertEquals(250_000.0, form.get("per_second"));
        assertEquals(2.0, Objects.requireNonNull(cpu.get("broker")));
        assertEquals(0.5, Objects.requireNonNull(cpu.get("client")));
        assertEquals(0, Collections.frequency(cpu.keySet(), "unknown"));
        assertEquals(null, cpu.get("postgres"));
    }

    @Test
    void ratiosCompareAFillToItsYardstickAndToTheFirst() {
        Map<String, Object> one = result(1, 100.0);
        Map<String, Object> many = result(100, 60.0);
        one.put("ratios", Ratios.of(one, 200));
        many.put("ratios", Ratios.of(many, 150));
        assertEquals(
                Map.of(
                        "plain_insert_per_second_around",
                        200.0,
                        "fill_to_plain_insert",
                        0.5,
                        "drain_to_plain_insert",
                        1.0),
                one.get("ratios"));
        assertEquals(Map.of("1", 1.0, "100", 0.8), Ratios.toFirst(List.of(one, many)));
    }

    private static Map<String, Object> result(int fanOut, double fillPerSecond) {
        Map<String, Object> result = new HashMap<>();
        result.put("fan_out", fanOut);
        result.put("fill", Map.of("per_second", fillPerSecond));
        result.put("drain", Map.of("per_second", 200.0));
        return result;
    }

    @Test
    void readsProcessorTicksAfterANameWithBlanksAndBrackets() {
        String stat = "7 (a) b) S 1 7 7 0 -1 4194560 900 0 3 0 11 22 33 44 20 0 5 0 100 0";
        assertEquals(33, Cpu.ticks(stat, false));
        assertEquals(110, Cpu.ticks(stat, true));
    }

    @Test
    void optionsAreReadAndBounded() {
        Options options = Options.parse(List.of("--messages", "10", "--fan-outs", "1,5"), Path.of("x"));
        assertEquals(10, options.messages());
        assertEquals(List.of(1, 5), options.fanOuts());
        for (List<String> wrong : List.of(
                List.of("--messages", "0"),
                List.of("--messages"),
                List.of("--window", "1001"),
                List.of("--mqtt", "localhost:1883"),
                List.of("--what", "1"))) {
            assertThrows(IllegalArgumentException.class, () -> Options.parse(wrong, Path.of("x")), wrong::toString);
        }
        assertEquals(
                "jdbc:postgresql://db:5433/mqtt?user=me&password=a%3Ab&sslmode=require",
                Options.jdbcUrl("postgresql://me:a:b@db:5433/mqtt?sslmode=require"));
    }
}
