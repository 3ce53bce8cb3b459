package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/limits.md} names settings, metrics and tests that exist, and leaves no setting of a limit out. */
class LimitsPageTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path PAGE = ROOT.resolve("docs/limits.md");

    @Test
    void everySettingThatIsNamedExists() throws IOException {
        Set<String> known = new HashSet<>();
        Settings.ALL.forEach(setting -> known.add(setting.key()));
        Set<String> named = named("`([a-z]+\\.[a-z.-]+)`");
        named.removeAll(known);
        assertEquals(Set.of(), named);
    }

    @Test
    void everySettingOfALimitIsNamed() throws IOException {
        Set<String> named = named("`([a-z]+\\.[a-z.-]+)`");
        Set<String> missing = new TreeSet<>();
        LimitSettings.ALL.forEach(setting -> missing.add(setting.key()));
        missing.removeAll(named);
        assertEquals(Set.of(), missing);
    }

    @Test
    void everyMetricThatIsNamedIsCounted() throws IOException {
        StringBuilder code = new StringBuilder();
        for (Path file : javaFiles("node/src/main")) {
            code.append(Files.readString(file));
        }
        for (String metric : named("`(tuskmq_[a-z_]+)`")) {
            assertTrue(code.indexOf('"' + metric + '"') >= 0, metric);
        }
    }

    @Test
    void everyTestThatIsNamedExists() throws IOException {
        Set<String> tests = new HashSet<>();
        for (String module : List.of("node", "storage", "cluster")) {
            javaFiles(module + "/src/test")
                    .forEach(file -> tests.add(file.getFileName().toString().replace(".java", "")));
        }
        Set<String> named = named("`([A-Z][A-Za-z0-9]*Test)`");
        named.removeAll(tests);
        assertEquals(Set.of(), named);
    }

    private static Set<String> named(String pattern) throws IOException {
        Set<String> named = new TreeSet<>();
        Pattern.compile(pattern).matcher(Files.readString(PAGE)).results().forEach(match -> named.add(match.group(1)));
        assertTrue(named.size() > 3, pattern);
        return named;
    }

    private static List<Path> javaFiles(String under) throws IOException {
        try (Stream<Path> files = Files.walk(ROOT.resolve(under))) {
            return files.filter(file -> file.toString().endsWith(".java")).toList();
        }
    }
}
