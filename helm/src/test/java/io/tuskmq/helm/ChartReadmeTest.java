package io.tuskmq.helm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The table in the chart's README is made of the comments in its values. With {@code README_WRITE=true} in the environment it is written. */
class ChartReadmeTest {
    private static final Pattern COMMENT = Pattern.compile(" *# -- (.*)");
    private static final Pattern VALUE = Pattern.compile("( *)([A-Za-z]+):(?: (.*))?");
    private static final String BEGIN = "<!-- values: written by ChartReadmeTest -->\n";
    private static final String END = "<!-- /values -->";

    @Test
    void valuesAreThoseOfTheChart() throws IOException {
        Path readme = Chart.DIRECTORY.resolve("README.md");
        String text = Files.readString(readme);
        int from = text.indexOf(BEGIN) + BEGIN.length();
        int to = text.indexOf(END);
        assertTrue(from > BEGIN.length() && to >= from, "the README has its marks");
        String expected = text.substring(0, from) + table() + text.substring(to);
        if ("true".equals(System.getenv("README_WRITE"))) {
            Files.writeString(readme, expected);
        }
        assertEquals(expected, Files.readString(readme), "write it with README_WRITE=true");
    }

    private static String table() throws IOException {
        StringBuilder table = new StringBuilder("| value | default | what it does |\n|---|---|---|\n");
        Deque<String> path = new ArrayDeque<>();
        String comment = "";
        for (String line : Files.readAllLines(Chart.DIRECTORY.resolve("values.yaml"))) {
            Matcher commented = COMMENT.matcher(line);
            Matcher value = VALUE.matcher(line);
            if (commented.matches()) {
                comment = commented.group(1);
            } else if (value.matches()) {
                while (path.size() > value.group(1).length() / 2) {
                    path.removeLast();
                }
                path.addLast(value.group(2));
                String given = value.group(3);
                if (given != null) {
                    assertTrue(!comment.isEmpty(), "a comment for " + path);
                    table.append("| `%s` | `%s` | %s |\n".formatted(joined(path), given, comment));
                }
                comment = "";
            } else {
                assertTrue(line.isBlank(), "a value or its comment: " + line);
            }
        }
        return table.toString();
    }

    private static String joined(Deque<String> path) {
        StringBuilder joined = new StringBuilder();
        Iterator<String> names = path.iterator();
        while (names.hasNext()) {
            joined.append(names.next()).append(names.hasNext() ? "." : "");
        }
        return joined.toString();
    }
}
