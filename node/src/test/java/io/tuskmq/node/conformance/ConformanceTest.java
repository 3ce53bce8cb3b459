package io.tuskmq.node.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Keeps {@code docs/conformance.md} true: what the tests cite, and nothing else. */
class ConformanceTest {
    private static final String HOW_TO_WRITE =
            "docs/conformance.md is not what the tests cite. Write it anew with: mvn test -pl node -am -Dtest=ConformanceTest"
                    + " -Dsurefire.failIfNoSpecifiedTests=false -Dconformance.write=true";

    @Test
    void pageSaysWhatTheTestsCite() throws IOException {
        Path root = projectRoot();
        Path page = root.resolve("docs/conformance.md");
        Citations citations = Citations.of(root);
        String generated =
                ConformancePage.render(Catalogue.all(), citations.testsByStatement(), citations.onTwoNodes());
        if (Boolean.getBoolean("conformance.write")) {
            Files.writeString(page, generated);
        }
        String written = Files.exists(page) ? Files.readString(page) : "";
        assertEquals(generated, written, HOW_TO_WRITE);
    }

    @Test
    void everyCitedStatementExists() throws IOException {
        Map<String, SortedSet<String>> cited = Citations.of(projectRoot()).testsByStatement();
        Set<String> known = new HashSet<>();
        Catalogue.all().forEach(catalogue -> catalogue.statements().forEach(s -> known.add(s.id())));
        SortedSet<String> unknown = new TreeSet<>();
        cited.forEach((id, tests) -> {
            if (!known.contains(id)) {
                unknown.add(id + " in " + tests);
            }
        });
        assertTrue(unknown.isEmpty(), () -> "cited, but no such statement: " + unknown);
    }

    /** On two nodes as on one. */
    @Test
    void whatIsOfTwoConnectionsIsProvenOnTwoNodes() throws IOException {
        SortedSet<String> proven = Citations.of(projectRoot()).onTwoNodes();
        SortedSet<String> open = new TreeSet<>();
        Catalogue.all()
                .forEach(catalogue -> catalogue.statements().stream()
                        .filter(statement -> statement.ofTwo() && !proven.contains(statement.id()))
                        .forEach(statement -> open.add(statement.id())));
        assertTrue(open.isEmpty(), () -> "of two connections, but in no test on two nodes: " + open);
    }

    @Test
    void cataloguesListEachStatementOnceInOrder() {
        for (Catalogue catalogue : Catalogue.all()) {
            assertFalse(catalogue.statements().isEmpty());
            String last = "";
            for (Catalogue.Statement statement : catalogue.statements()) {
                String key = sortable(statement.id());
                assertTrue(key.compareTo(last) > 0, statement.id() + " is not above the one before");
                assertTrue(statement.asks().split(" ", -1).length <= 12, statement.id() + " is not short");
                last = key;
            }
        }
    }

    @Test
    void citationsBelongToTheTestTheyStandInOrAbove() {
        String source = """
                class XTest {
                    static final String TABLE = "[A1]";

                    /** [A2] */
                    @Test
                    void above() {
                        // [A3]
                    }

                    private static int helper(int x) {
                        return x; // [A4]
                    }

                    @ParameterizedTest
                    void inside(
                            int y) {
                        // [A5]
                    }

                    /** [A6] */
                    @OnOneAndTwoNodes("AB")
                    void across() {
                    }
                }
                """;
        Citations citations = new Citations();
        citations.read("XTest", source.replace("[A", "[MQTT-1.1.1-").lines().toList());
        assertEquals(
                Map.of(
                        "MQTT-1.1.1-1", Set.of("XTest#above"),
                        "MQTT-1.1.1-2", Set.of("XTest#above"),
                        "MQTT-1.1.1-3", Set.of("XTest#above"),
                        "MQTT-1.1.1-4", Set.of("XTest"),
                        "MQTT-1.1.1-5", Set.of("XTest#inside"),
                        "MQTT-1.1.1-6", Set.of("XTest#across")),
                citations.testsByStatement());
        assertEquals(Set.of("MQTT-1.1.1-6"), citations.onTwoNodes());
        citations.read("XAcrossNodesTest", List.of("    // [A7]".replace("[A", "[MQTT-1.1.1-")));
        assertEquals(Set.of("MQTT-1.1.1-6", "MQTT-1.1.1-7"), citations.onTwoNodes());
    }

    @Test
    void statementsWithoutTestsAreOpen() {
        Catalogue catalogue = new Catalogue(
                "T",
                List.of(
                        new Catalogue.Statement("a", "one", "", true),
                        new Catalogue.Statement("b", "two", "why", false),
                        new Catalogue.Statement("c", "three", "", true),
                        new Catalogue.Statement("d", "four", "why", false)));
        String page = ConformancePage.render(
                List.of(catalogue),
                Map.of("a", new TreeSet<>(Set.of("XTest#y", "ATest")), "d", new TreeSet<>(Set.of("X"))),
                new TreeSet<>(Set.of("a")));
        assertTrue(page.contains("| T | 4 | 2 | 1 | 1 | 2 | 1 |"), page);
        assertTrue(page.contains("| a | one | ATest, XTest#y | yes |"), page);
        assertTrue(page.contains("| b | two | not applicable: why |  |"), page);
        assertTrue(page.contains("| c | three | **open** | **open** |"), page);
        assertTrue(page.contains("| d | four | X |  |"), page);
    }

    /** Numbers as three digits, so that text order is number order. */
    private static String sortable(String id) {
        StringBuilder key = new StringBuilder();
        for (String number : id.substring(id.indexOf('-') + 1).split("[.-]", -1)) {
            key.append("%03d.".formatted(Integer.parseInt(number)));
        }
        return key.toString();
    }

    private static Path projectRoot() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("migrations/pom.xml"))) {
            Path parent = directory.getParent();
            if (parent == null) {
                throw new IllegalStateException(
                        "not inside the project: " + Path.of("").toAbsolutePath());
            }
            directory = parent;
        }
        return directory;
    }
}
