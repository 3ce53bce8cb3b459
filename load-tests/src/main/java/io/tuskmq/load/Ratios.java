package io.tuskmq.load;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The figures of a report that outlive the machine's mood: rates of one run divided by each other. */
final class Ratios {
    private Ratios() {}

    /** Of one fan-out's result to the plain insert's rows a second around it. */
    static Map<String, Object> of(Map<String, Object> result, double plainPerSecond) {
        Map<String, Object> ratios = new LinkedHashMap<>();
        ratios.put("plain_insert_per_second_around", plainPerSecond);
        ratios.put("fill_to_plain_insert", perSecond(result, "fill") / plainPerSecond);
        ratios.put("drain_to_plain_insert", perSecond(result, "drain") / plainPerSecond);
        return ratios;
    }

    /** Each fill, relative to its own yardstick, to the first one's: 1 is "does not depend on the fan-out". */
    static Map<String, Object> toFirst(List<Object> results) {
        Map<String, Object> ratios = new LinkedHashMap<>();
        for (Object result : results) {
            ratios.put(String.valueOf(part(result).get("fan_out")), relative(result) / relative(results.getFirst()));
        }
        return ratios;
    }

    private static double relative(Object result) {
        return number(part(part(result).get("ratios")).get("fill_to_plain_insert"));
    }

    private static double perSecond(Map<String, Object> result, String phase) {
        return number(part(result.get(phase)).get("per_second"));
    }

    private static double number(@org.jspecify.annotations.Nullable Object value) {
        if (value instanceof Double number) {
            return number;
        }
        throw new IllegalArgumentException("not a figure: " + value);
    }

    private static Map<?, ?> part(@org.jspecify.annotations.Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw new IllegalArgumentException("not a part of a report: " + value);
    }
}
