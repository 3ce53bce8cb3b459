package io.tuskmq.node;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * One setting: a line of the table in {@link Settings}.
 *
 * @param key as written in a file and on the command line
 * @param byDefault the value when nothing is said, in the form in which a user would write it
 * @param allowed the bounds, in words that complete "allowed: …"
 * @param sentence what it does, for the README and for {@code --help}
 * @param parser from text to value; throws {@link IllegalArgumentException} for what is not allowed
 */
public record Setting<T>(String key, String byDefault, String allowed, String sentence, Function<String, T> parser) {
    private static final String OFF = "off";

    /** The value of a text; throws {@link IllegalArgumentException} for what is not allowed. */
    public T parse(String text) {
        return parser.apply(text.strip());
    }

    /** The environment variable: {@code TUSKMQ_}, then the key in upper case with {@code .} and {@code -} as {@code _}. */
    public String variable() {
        return "TUSKMQ_"
                + key.toUpperCase(java.util.Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    static Setting<Integer> integer(String key, int byDefault, int min, int max, String sentence) {
        return new Setting<>(
                key, Integer.toString(byDefault), min + " to " + max, sentence, text -> (int) whole(text, min, max));
    }

    static Setting<Long> whole(String key, long byDefault, long min, long max, String sentence) {
        return new Setting<>(
                key, Long.toString(byDefault), min + " to " + max, sentence, text -> whole(text, min, max));
    }

    static Setting<Integer> port(String key, int byDefault, String sentence) {
        return new Setting<>(key, Integer.toString(byDefault), "0 to 65535 (0: any free port)", sentence, text ->
                (int) whole(text, 0, 65_535));
    }

    /** A port that can be switched off; {@code false} means off too, for YAML's sake. */
    static Setting<OptionalInt> optionalPort(String key, String byDefault, String sentence) {
        return new Setting<>(
                key,
                byDefault,
                "0 to 65535 (0: any free port), or off",
                sentence,
                text -> text.equals(OFF) || text.equals("false")
                        ? OptionalInt.empty()
                        : OptionalInt.of((int) whole(text, 0, 65_535)));
    }

    static Setting<String> string(String key, String byDefault, String pattern, String allowed, String sentence) {
        Pattern compiled = Pattern.compile(pattern);
        return new Setting<>(key, byDefault, allowed, sentence, text -> {
            require(compiled.matcher(text).matches());
            return text;
        });
    }

    /** A path that may be left empty. */
    static Setting<Optional<Path>> path(String key, String byDefault, String allowed, String sentence) {
        // InvalidPathException is an IllegalArgumentException.
        return new Setting<>(
                key,
                byDefault,
                allowed,
                sentence,
                text -> text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text)));
    }

    static void require(boolean holds) {
        if (!holds) {
            throw new IllegalArgumentException("not allowed");
        }
    }

    private static long whole(String text, long min, long max) {
        long value = Long.parseLong(text); // NumberFormatException is an IllegalArgumentException
        require(value >= min && value <= max);
        return value;
    }
}
