package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The README tells the truth about the code: its tables of settings and exit codes are those of the code, what it names as proof or path
 * exists, and its links lead somewhere. With {@code README_WRITE=true} in the environment it writes the tables.
 */
class ReadmeTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path README = ROOT.resolve("README.md");

    @Test
    void settingsAreThoseOfTheCode() throws IOException {
        String rows = Settings.ALL.stream()
                .map(s -> "| `%s` | %s | %s | %s |\n"
                        .formatted(
                                s.key(),
                                s.byDefault().isEmpty() ? "(empty)" : "`" + s.byDefault() + "`",
                                s.sentence(),
                                s.allowed()))
                .collect(Collectors.joining());
        compare("settings", "| key | default | what it does | allowed |\n|---|---|---|---|\n" + rows);
    }

    @Test
    void exitCodesAreThoseOfTheCode() throws IOException {
        String rows = Arrays.stream(ExitCode.values())
                .map(c -> "| %d | %s |\n".formatted(c.code(), c.meaning()))
                .collect(Collectors.joining());
        compare("exit codes", "| code | meaning |\n|---|---|\n" + rows);
    }

    @Test
    void classesThatAreNamedExist() throws IOException {
        Set<String> classes = new HashSet<>();
        try (Stream<Path> files = Files.walk(ROOT, 12)) {
            files.map(f -> f.getFileName().toString())
                    .filter(f -> f.endsWith(".java"))
                    .forEach(f -> classes.add(f.substring(0, f.length() - ".java".length())));
        }
        List<String> named = Pattern.compile("`(?:[a-z-]+/…/(?:[a-z]+/)?)?([A-Z][A-Za-z]*[a-z])`")
                .matcher(section("## What it promises") + section("### The path of one PUBLISH"))
                .results()
                .map(m -> m.group(1))
                .filter(name -> !name.equals("Committed"))
                .toList();
        assertTrue(named.size() > 10, named.toString());
        assertEquals(List.of(), named.stream().filter(n -> !classes.contains(n)).toList());
    }

    @Test
    void linksLeadToFiles() throws IOException {
        for (Path page : List.of(README, ROOT.resolve("CONTRIBUTING.md"), ROOT.resolve("docs/decisions/README.md"))) {
            List<String> broken = Pattern.compile("]\\(([^)#:]+)\\)")
                    .matcher(Files.readString(page))
                    .results()
                    .map((MatchResult m) -> m.group(1))
                    .filter(link -> !Files.exists(page.resolveSibling(link)))
                    .toList();
            assertEquals(List.of(), broken, page.toString());
        }
    }

    private static String section(String heading) throws IOException {
        String text = Files.readString(README);
        int start = text.indexOf(heading);
        assertTrue(start >= 0, heading);
        int end = text.indexOf("\n## ", start + 1);
        return text.substring(start, end < 0 ? text.length() : end);
    }

    private static void compare(String name, String table) throws IOException {
        String text = Files.readString(README);
        String begin = "<!-- " + name + ": written by ReadmeTest -->\n";
        int from = text.indexOf(begin) + begin.length();
        int to = text.indexOf("<!-- /" + name + " -->");
        assertTrue(from >= begin.length() && to >= from, "the README has no place for its " + name);
        if ("true".equals(System.getenv("README_WRITE"))) {
            Files.writeString(README, text.substring(0, from) + table + text.substring(to));
        } else {
            assertEquals(table, text.substring(from, to), "run this test with README_WRITE=true in the environment");
        }
    }
}
