package io.tuskmq.node.conformance;

import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** Writes {@code docs/conformance.md} from the catalogues and the citations. */
final class ConformancePage {
    private ConformancePage() {}

    static String render(List<Catalogue> catalogues, Map<String, SortedSet<String>> tests) {
        StringBuilder page = new StringBuilder("""
                # Conformance

                The numbered statements of the MQTT specifications (the texts are OASIS's, the words here are ours), and the tests that
                cite each. **Open** means that no test proves it yet, not that the broker breaks it. `MQTT5-` stands for MQTT 5.0.

                This page is generated: `mvn verify` fails when it differs from what the tests cite. To write it anew:
                `mvn test -pl node -am -Dtest=ConformanceTest -Dsurefire.failIfNoSpecifiedTests=false -Dconformance.write=true`

                | specification | statements | tested | not applicable | open |
                |---|---|---|---|---|
                """);
        catalogues.forEach(catalogue -> page.append(counts(catalogue, tests)));
        for (Catalogue catalogue : catalogues) {
            page.append("\n## ").append(catalogue.title()).append("\n\n| statement | asks | tests |\n|---|---|---|\n");
            for (Catalogue.Statement statement : catalogue.statements()) {
                page.append("| %s | %s | %s |\n".formatted(statement.id(), statement.asks(), kept(statement, tests)));
            }
        }
        return page.toString();
    }

    private static String counts(Catalogue catalogue, Map<String, SortedSet<String>> tests) {
        int tested = 0;
        int notApplicable = 0;
        for (Catalogue.Statement statement : catalogue.statements()) {
            if (tests.containsKey(statement.id())) {
                tested++;
            } else if (!statement.notApplicable().isEmpty()) {
                notApplicable++;
            }
        }
        int all = catalogue.statements().size();
        return "| %s | %d | %d | %d | %d |\n"
                .formatted(catalogue.title(), all, tested, notApplicable, all - tested - notApplicable);
    }

    private static String kept(Catalogue.Statement statement, Map<String, SortedSet<String>> tests) {
        SortedSet<String> cited = tests.getOrDefault(statement.id(), new TreeSet<>());
        if (!cited.isEmpty()) {
            return String.join(", ", cited);
        }
        return statement.notApplicable().isEmpty() ? "**open**" : "not applicable: " + statement.notApplicable();
    }
}
