package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AuditLineTest {
    /** Whatever a client calls itself: one line, printable ASCII, and the value is read back unchanged. */
    @Test
    void nothingThatAClientSaysEndsALine() {
        StringBuilder all = new StringBuilder("\",\"event\":\"login");
        for (char c = 0; c < 0x300; c++) {
            all.append(c);
        }
        all.append("\u2028\u2029\uFEFF\uD83D\uDC18");
        for (int from = 0; from < all.length(); from += 256) {
            String part = all.substring(from, Math.min(all.length(), from + 256));
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("event", "refused");
            line.put("client", part);
            String text = Audit.text(line);
            assertTrue(text.chars().allMatch(c -> c >= ' ' && c <= '~'), text);
            JsonObject read = new JsonObject(text);
            assertEquals(part, read.getString("client"));
            assertEquals("refused", read.getString("event"));
        }
    }

    @Test
    void aLongValueIsCut() {
        String text = Audit.text(Map.of("client", "x".repeat(65_535)));
        assertTrue(text.length() < 600, () -> "length " + text.length());
    }

    @Test
    void beyondTheRateLinesAreCountedAndTheCountIsTold() {
        LineRate limit = new LineRate(2);
        assertEquals(new LineRate.Turn(true, 0), limit.turn(1_000));
        assertEquals(new LineRate.Turn(true, 0), limit.turn(1_999));
        assertFalse(limit.turn(1_999).allowed());
        assertFalse(limit.turn(1_999).allowed());
        assertEquals(new LineRate.Turn(true, 2), limit.turn(2_000));
        assertEquals(new LineRate.Turn(true, 0), limit.turn(2_000));
        assertFalse(limit.turn(2_000).allowed());
    }
}
