package io.tuskmq.load.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes maps, lists, texts, numbers, booleans and null as indented JSON; fractions with six significant digits. */
public final class Json {
    private static final MathContext DIGITS = new MathContext(6);

    private Json() {}

    public static String text(Object value) {
        StringBuilder out = new StringBuilder();
        write(out, value, "\n");
        return out.append('\n').toString();
    }

    private static void write(StringBuilder out, @Nullable Object value, String line) {
        switch (value) {
            case null -> out.append("null");
            case Map<?, ?> map -> {
                Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
                out.append('{');
                while (entries.hasNext()) {
                    Map.Entry<?, ?> entry = entries.next();
                    out.append(line).append("  ");
                    quote(out, String.valueOf(entry.getKey()));
                    out.append(": ");
                    write(out, entry.getValue(), line + "  ");
                    out.append(entries.hasNext() ? "," : line);
                }
                out.append('}');
            }
            case List<?> list -> {
                Iterator<?> items = list.iterator();
                out.append('[');
                while (items.hasNext()) {
                    out.append(line).append("  ");
                    write(out, items.next(), line + "  ");
                    out.append(items.hasNext() ? "," : line);
                }
                out.append(']');
            }
            case Double number ->
                out.append(
                        number.isNaN() || number.isInfinite()
                                ? "null"
                                : BigDecimal.valueOf(number)
                                        .round(DIGITS)
                                        .stripTrailingZeros()
                                        .toPlainString());
            case Integer _, Long _, Boolean _ -> out.append(value);
            case String text -> quote(out, text);
            default -> throw new IllegalArgumentException("no JSON form: " + value.getClass());
        }
    }

    private static void quote(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
