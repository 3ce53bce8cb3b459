package io.tuskmq.node.conformance;

import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** Writes {@code docs/conformance.md} from the catalogues and the citations. */
final class ConformancePage {
    private ConformancePage() {}

    /** @param twoNodes the statements that are proven on two nodes as well */
    static String render(List<Catalogue> catalogues, Map<String, SortedSet<String>> tests, SortedSet<String> twoNodes) {
        StringBuilder page = new StringBuilder("""
                # Conformance

                The numbered statements of the MQTT specifications (the texts are OASIS's, the words here are ours), and the tests that
                cite each. **Open** means that no test proves it yet, not that the broker breaks it. `MQTT5-` stands for MQTT 5.0.
                The last column says which statements hold on two nodes as on one: a test proves them with its connections at different nodes.
                Statements about what one connection does to another (another client's, or a later one of the same client) must have one.

                This page is generated: `mvn verify` fails when it differs from what the tests cite. To write it anew:
                `mvn test -pl node -am -Dtest=ConformanceTest -Dsurefire.failIfNoSpecifiedTests=false -Dconformance.write=true`

                | specification | statements | tested | not applicable | open | of two connections | of these on two nodes |
                |---|---|---|---|---|---|---|
                """);
        catalogues.forEach(catalogue -> page.append(counts(catalogue, tests, twoNodes)));
        for (Catalogue catalogue : catalogues) {
            page.append("\n## ").append(catalogue.title());
            page.append("\n\n| statement | asks | tests | two nodes |\n|---|---|---|---|\n");
            for (Catalogue.Statement statement : catalogue.statements()) {
                page.append("| %s | %s | %s | %s |\n"
                        .formatted(
                                statement.id(), statement.asks(), kept(statement, tests), across(statement, twoNodes)));
            }
        }
        return page.toString();
    }

    private static String counts(
            Catalogue catalogue, Map<String, SortedSet<String>> tests, SortedSet<String> twoNodes) {
        int tested = 0;
        int notApplicable = 0;
        int ofTwo = 0;
        int across = 0;
        for (Catalogue.Statement statement : catalogue.statements()) {
            if (tests.containsKey(statement.id())) {
                tested++;
            } else if (!statement.notApplicable().isEmpty()) {
                notApplicable++;
            }
            if (statement.ofTwo()) {
                ofTwo++;
                across += twoNodes.contains(statement.id()) ? 1 : 0;
            }
        }
        int all = catalogue.statements().size();
        return "| %s | %d | %d | %d | %d | %d | %d |\n"
                .formatted(catalogue.title(), all, tested, notApplicable, all - tested - notApplicable, ofTwo, across);
    }

    private static String across(Catalogue.Statement statement, SortedSet<String> twoNodes) {
        if (twoNodes.contains(statement.id())) {
            return "yes";
        }
        return statement.ofTwo() ? "**open**" : "";
    }

    private static String kept(Catalogue.Statement statement, Map<String, SortedSet<String>> tests) {
        SortedSet<String> cited = tests.getOrDefault(statement.id(), new TreeSet<>());
        if (!cited.isEmpty()) {
            return String.join(", ", cited);
        }
        return statement.notApplicable().isEmpty() ? "**open**" : "not applicable: " + statement.notApplicable();
    }
}
