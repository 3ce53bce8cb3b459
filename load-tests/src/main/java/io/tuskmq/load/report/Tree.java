package io.tuskmq.load.report;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads a report's tree; what isn't there is empty, or 0. */
public final class Tree {
    private Tree() {}

    public static Map<?, ?> map(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    public static Map<?, ?> map(Map<?, ?> parent, String key) {
        return map(parent.get(key));
    }

    public static List<?> list(Map<?, ?> parent, String key) {
        return parent.get(key) instanceof List<?> list ? list : List.of();
    }

    public static double number(Map<?, ?> parent, String key) {
        return parent.get(key) instanceof Number number ? number.doubleValue() : 0;
    }

    public static String text(Map<?, ?> parent, String key) {
        Object value = parent.get(key);
        return value == null ? "" : String.valueOf(value);
    }

    /** The phase whose figures stand for the run. */
    public static Map<?, ?> mainPhase(Map<?, ?> report) {
        for (Object phase : list(report, "phases")) {
            if (text(map(phase), "name").equals(text(report, "main_phase"))) {
                return map(phase);
            }
        }
        return Map.of();
    }
}
