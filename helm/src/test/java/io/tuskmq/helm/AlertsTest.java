package io.tuskmq.helm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prometheus takes the alerts; each fires when it must and is silent when all is well. Needs {@code promtool}, and fails in CI without. */
class AlertsTest {
    private static final Path ALERTS = Chart.DIRECTORY.resolve("files/alerts.yaml");
    private static final Path CASES = Path.of("src/test/resources/alerts_test.yaml");

    @BeforeAll
    static void promtoolIsThere() {
        boolean found = Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, "promtool")));
        boolean ci = "true".equals(System.getenv("CI"));
        assertTrue(found || !ci, "promtool is missing (Debian: the package prometheus)");
        assumeTrue(found, "promtool is missing (Debian: the package prometheus)");
    }

    @Test
    void areRulesOfPrometheus() throws IOException, InterruptedException {
        promtool(Chart.DIRECTORY, "check", "rules", ALERTS.toString());
    }

    @Test
    void fireWhenTheyMustAndOnlyThen(@TempDir Path directory) throws IOException, InterruptedException {
        Files.copy(ALERTS, directory.resolve("alerts.yaml"));
        Files.copy(CASES, directory.resolve("cases.yaml"));
        promtool(directory, "test", "rules", "cases.yaml");
    }

    /** Grafana puts in the variables; the rest is PromQL. */
    @Test
    void theDashboardsExpressionsAreOnesOfPrometheus(@TempDir Path directory) throws IOException, InterruptedException {
        JsonObject dashboard = JsonParser.parseString(Files.readString(Chart.DIRECTORY.resolve("files/dashboard.json")))
                .getAsJsonObject();
        StringBuilder rules = new StringBuilder("groups:\n  - name: dashboard\n    rules:\n");
        int expressions = 0;
        for (JsonElement panel : dashboard.getAsJsonArray("panels")) {
            JsonArray targets = panel.getAsJsonObject().getAsJsonArray("targets");
            for (JsonElement target : targets == null ? new JsonArray() : targets) {
                String expression = Chart.at(target, "expr")
                        .getAsString()
                        .replace("$__rate_interval", "5m")
                        .replace("$namespace", ".*")
                        .replace("$job", ".*")
                        .replace("$node", ".*");
                rules.append("      - record: of_dashboard_").append(expressions++);
                rules.append("\n        expr: ")
                        .append(new Gson().toJson(expression))
                        .append('\n');
            }
        }
        assertTrue(expressions > 30, expressions + " expressions");
        Files.writeString(directory.resolve("dashboard.yaml"), rules);
        promtool(directory, "check", "rules", "dashboard.yaml");
    }

    /** Of two brokers in one Prometheus it shows the one that was chosen. */
    @Test
    void eachMetricOfTheDashboardIsOfTheChosenNodes() throws IOException {
        String text = Files.readString(Chart.DIRECTORY.resolve("files/dashboard.json"));
        JsonObject dashboard = JsonParser.parseString(text).getAsJsonObject();
        Set<String> variables = new TreeSet<>();
        Chart.at(dashboard, "templating", "list")
                .getAsJsonArray()
                .forEach(variable -> variables.add(Chart.at(variable, "name").getAsString()));
        assertEquals(Set.of("datasource", "namespace", "job", "node"), variables);
        String chosen = "namespace=~\"$namespace\", job=~\"$job\", instance=~\"$node\"";
        for (JsonElement panel : dashboard.getAsJsonArray("panels")) {
            JsonArray targets = panel.getAsJsonObject().getAsJsonArray("targets");
            for (JsonElement target : targets == null ? new JsonArray() : targets) {
                String expression = Chart.at(target, "expr").getAsString();
                Matcher metric = Pattern.compile("\\b(?:tuskmq|jvm|process)_\\w+(.*?)(?=\\b(?:tuskmq|jvm|process)_|$)")
                        .matcher(expression);
                while (metric.find()) {
                    assertTrue(metric.group(1).startsWith("{" + chosen), expression);
                }
            }
        }
    }

    @Test
    void eachHasASectionOfTheRunbookAndEachSectionAnAlert() throws IOException {
        Set<String> alerts = named("- alert: (\\w+)", Files.readString(ALERTS));
        String runbook = Files.readString(Path.of("../docs/runbook.md"));
        assertEquals(alerts, named("(?m)^## (.+)$", runbook));
        for (String section : runbook.substring(runbook.indexOf("\n## ")).split("\n## ", -1)) {
            for (String part : List.of("**Means:** ", "**Look at:** ", "**Do:** ")) {
                assertTrue(section.isBlank() || section.contains(part), part + section);
            }
        }
        assertEquals(
                alerts.stream()
                        .map(name -> name.toLowerCase(Locale.ROOT))
                        .collect(Collectors.toCollection(TreeSet::new)),
                named("runbook_url: docs/runbook.md#(\\w+)", Files.readString(ALERTS)));
    }

    @Test
    void eachHasACaseInWhichItFires() throws IOException {
        Set<String> alerts = named("- alert: (\\w+)", Files.readString(ALERTS));
        assertTrue(alerts.size() > 5, alerts::toString);
        assertEquals(alerts, named("alertname: (\\w+)\\s+exp_alerts:\\s+- exp_labels", Files.readString(CASES)));
    }

    private static Set<String> named(String pattern, String text) {
        Set<String> named = new TreeSet<>();
        Pattern.compile(pattern).matcher(text).results().forEach(match -> named.add(match.group(1)));
        return named;
    }

    private static void promtool(Path directory, String... arguments) throws IOException, InterruptedException {
        String[] command =
                Stream.concat(Stream.of("promtool"), Stream.of(arguments)).toArray(String[]::new);
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
    }
}
