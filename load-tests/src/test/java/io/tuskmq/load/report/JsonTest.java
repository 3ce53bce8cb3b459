package io.tuskmq.load.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonTest {
    private static Map<String, @Nullable Object> report() {
        Map<String, @Nullable Object> report = new LinkedHashMap<>();
        report.put("text", "a \"quoted\" \\ line\n");
        report.put("count", 3_000_000_000L);
        report.put("rate", 123_456.789);
        report.put("small", 0.000_012_345_678);
        report.put("unknown", null);
        report.put("ratio", Double.NaN);
        report.put("list", List.of(true, 1));
        report.put("none", List.of());
        return report;
    }

    @Test
    void writesEachKindOfValue() {
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
                """, Json.text(report()));
    }

    @Test
    void readsWhatItWrites() {
        Map<String, @Nullable Object> expected = report();
        expected.put("rate", 123_457L);
        expected.put("small", 0.0000123457);
        expected.put("ratio", null);
        expected.put("list", new ArrayList<>(List.of(true, 1L)));
        assertEquals(expected, JsonReader.read(Json.text(report())));
        assertEquals(List.of(-1.5e3, "é/\t"), JsonReader.read("[-1.5e3,\"\\u00e9\\/\\t\"]"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{\"a\" 1}", "[1 2]", "tru", "\"open", "1 2", "--1"})
    void refusesWhatIsNone(String text) {
        assertThrows(IllegalArgumentException.class, () -> JsonReader.read(text));
    }
}
