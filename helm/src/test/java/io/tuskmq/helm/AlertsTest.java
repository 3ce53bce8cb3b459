package io.tuskmq.helm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
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
