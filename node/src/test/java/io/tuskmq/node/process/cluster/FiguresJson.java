package io.tuskmq.node.process.cluster;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes maps, lists, texts, numbers and booleans as indented JSON; fractions with five significant digits. */
final class FiguresJson {
    private static final MathContext DIGITS = new MathContext(5);

    private FiguresJson() {}

    static String text(Map<?, ?> figures) {
        return value(figures, "\n") + "\n";
    }

    private static String value(Object value, String line) {
        String inner = line + "  ";
        return switch (value) {
            case Map<?, ?> map ->
                map.entrySet().stream()
                        .map(entry ->
                                inner + quote(String.valueOf(entry.getKey())) + ": " + value(entry.getValue(), inner))
                        .collect(Collectors.joining(",", "{", line + "}"));
            case List<?> list ->
                list.stream().map(one -> inner + value(one, inner)).collect(Collectors.joining(",", "[", line + "]"));
            case Double number ->
                BigDecimal.valueOf(number).round(DIGITS).stripTrailingZeros().toPlainString();
            case Integer _, Long _, Boolean _ -> value.toString();
            case String text -> quote(text);
            default -> throw new IllegalArgumentException("no JSON form: " + value.getClass());
        };
    }

    private static String quote(String text) {
        String escaped = text.replace("\\", "\\\\").replace("\"", "\\\"");
        return '"' + escaped.replaceAll("\\p{Cntrl}", " ") + '"';
    }
}
