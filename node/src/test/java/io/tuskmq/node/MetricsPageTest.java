package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What two linked nodes show at {@code /metrics} is what {@code docs/metrics.md} says, and all that alerts and dashboard ask for. With {@code
 * README_WRITE=true} in the environment it writes the page's table.
 */
@ExtendWith(PostgresExtension.class)
class MetricsPageTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path PAGE = ROOT.resolve("docs/metrics.md");
    private static final Path CHART = ROOT.resolve("helm/tuskmq/files");
    private static final String BEGIN = "<!-- metrics: written by MetricsPageTest -->\n";
    private static final String END = "<!-- /metrics -->";
    private static final Pattern HELP = Pattern.compile("# HELP (\\S+) (.*)");
    private static final Pattern SAMPLE = Pattern.compile("^([a-z_0-9]+)(?:\\{(.*)})? \\S+$", Pattern.MULTILINE);
    private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"");
    /** Only nodes with TLS have them (TlsTest). */
    private static final Set<String> ELSEWHERE = Set.of(
            "tuskmq_tls_certificate_end_seconds",
            "tuskmq_tls_reload_failures_total",
            "tuskmq_tls_revocation_list_end_seconds");

    private static volatile String scraped = "";

    @BeforeAll
    static void scrape(TestDatabase database) throws Exception {
        EventLoops loops = EventLoops.open();
        EventLoops others = EventLoops.open();
        try (TestNode node = TestNode.ofCluster(loops, database, "node.name", "a", "cluster.port", "0");
                TestNode other = TestNode.ofCluster(others, database, "node.name", "b", "cluster.port", "0")) {
            ProcessMetrics process = new ProcessMetrics(node.metrics(), "a", () -> true);
            process.watch(loops);
            try (JvmGcMetrics collector = process.watchGarbageCollector()) {
                System.gc();
                assertTrue(other.port() > 0 && collector != null);
                await(() -> {
                    scraped = node.metrics().text();
                    return Set.of(
                                    "tuskmq_sessions{state=\"offline\"}",
                                    "tuskmq_undelivered_age_seconds ",
                                    "tuskmq_clock_skew_seconds ",
                                    "tuskmq_link_up{peer=\"b\"} 1",
                                    "jvm_gc_pause_seconds_count{",
                                    "tuskmq_event_loop_delay_seconds_count{loops=\"links\"}")
                            .stream()
                            .allMatch(scraped::contains);
                });
            }
        }
    }

    @AfterAll
    static void forget() {
        scraped = "";
    }

    private static void await(Supplier<Boolean> condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.get()) {
            assertTrue(System.nanoTime() < end, () -> scraped);
            CompletableFuture.runAsync(() -> {}, CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS))
                    .get();
        }
    }

    @Test
    void pageTellsWhatANodeShows() throws IOException {
        String text = Files.readString(PAGE);
        int from = text.indexOf(BEGIN) + BEGIN.length();
        int to = text.indexOf(END);
        assertTrue(from > BEGIN.length() && to >= from, "the page has its marks");
        String expected = text.substring(0, from) + table() + text.substring(to);
        if ("true".equals(System.getenv("README_WRITE"))) {
            Files.writeString(PAGE, expected);
        }
        assertEquals(expected, Files.readString(PAGE), "write it with README_WRITE=true");
    }

    private static String table() {
        Map<String, Set<String>> labels = new TreeMap<>();
        SAMPLE.matcher(scraped).results().forEach(sample -> {
            Set<String> of = labels.computeIfAbsent(sample.group(1), name -> new TreeSet<>());
            if (sample.group(2) != null) {
                LABEL.matcher(sample.group(2)).results().forEach(label -> of.add("`" + label.group(1) + "`"));
            }
        });
        String rows = HELP.matcher(scraped)
                .results()
                .filter(help ->
                        help.group(1).startsWith("tuskmq_") && !help.group(1).endsWith("_max"))
                .map(help -> row(help, labels))
                .collect(Collectors.joining());
        return "| metric | type | labels | what it is |\n|---|---|---|---|\n" + rows;
    }

    private static String row(MatchResult help, Map<String, Set<String>> labels) {
        String name = help.group(1);
        String type = scraped.replaceAll("(?s).*# TYPE " + name + " (\\w+)\n.*", "$1");
        Set<String> of = labels.getOrDefault(name, labels.getOrDefault(name + "_count", Set.of()));
        return "| `%s` | %s | %s | %s |\n".formatted(name, type, String.join(", ", of), help.group(2));
    }

    @Test
    void namesAreWhatPrometheusWants() {
        for (MatchResult help : HELP.matcher(scraped).results().toList()) {
            String name = help.group(1);
            boolean counter = scraped.contains("# TYPE " + name + " counter\n");
            assertEquals(counter, name.endsWith("_total"), name);
            assertTrue(name.matches("(tuskmq|jvm|process|system)_[a-z0-9_]+"), name);
        }
    }

    @Test
    void alertsAskForWhatANodeShows() throws IOException {
        asksForWhatIsThere("alerts.yaml", "expr: (.*)");
    }

    @Test
    void dashboardAsksForWhatANodeShows() throws IOException {
        asksForWhatIsThere("dashboard.json", "\"expr\": \"(.*)\"");
    }

    private static void asksForWhatIsThere(String file, String expression) throws IOException {
        Set<String> shown = new TreeSet<>(ELSEWHERE);
        SAMPLE.matcher(scraped).results().forEach(sample -> shown.add(sample.group(1)));
        Set<String> asked = Pattern.compile(expression)
                .matcher(Files.readString(CHART.resolve(file)))
                .results()
                .flatMap(match -> Pattern.compile("\\b(?:tuskmq|jvm|process|system)_[a-z_]+")
                        .matcher(match.group(1).replaceAll("\\\\?\"[^\"]*\"", ""))
                        .results())
                .map(MatchResult::group)
                .collect(Collectors.toCollection(TreeSet::new));
        assertTrue(asked.size() > 10, asked::toString);
        asked.removeAll(shown);
        assertEquals(Set.of(), asked);
    }
}
