package io.tuskmq.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.load.report.JsonReader;
import io.tuskmq.load.report.Tree;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run leaves behind, and what compare makes of two of them. */
final class ReportTest {
    /** The words of schema 1, which README.md explains: others read them. */
    private static final List<String> KEYS = List.of(
            "schema",
            "scenario",
            "name",
            "started",
            "note",
            "machine",
            "load_average_before",
            "load_average_after",
            "settings",
            "processes",
            "main_phase",
            "phases",
            "samples",
            "results",
            "memory_bytes",
            "ledger",
            "failed",
            "exit_code");

    private static final List<String> PHASE_KEYS = List.of(
            "name",
            "seconds",
            "sent",
            "acknowledged",
            "delivered",
            "connected",
            "disconnected",
            "connect_failed",
            "per_second",
            "latency_millis",
            "cpu_seconds",
            "per_cpu_second");

    private static final List<String> LEDGER_KEYS = List.of(
            "sent",
            "acknowledged",
            "refused",
            "abandoned",
            "unsent",
            "delivered",
            "lost",
            "lost_qos_0",
            "doubled",
            "out_of_order",
            "foreign",
            "sessions_lost",
            "redelivered",
            "redelivered_unmarked",
            "clean");

    @TempDir
    Path directory = Path.of("");

    private Map<?, ?> run(String name) throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(ScriptedBroker.Fault.NONE, false)) {
            assertEquals(
                    0,
                    Main.run(
                            "pairs",
                            "-t",
                            broker.address(),
                            "--pairs",
                            "1",
                            "--duration",
                            "2",
                            "--warm-up",
                            "0",
                            "--rate",
                            "100",
                            "--quiet",
                            "--name",
                            name,
                            "--pid",
                            "self=" + ProcessHandle.current().pid(),
                            "--user",
                            "u",
                            "--password",
                            "secret-word",
                            "--json",
                            directory.resolve(name + ".json").toString()));
        }
        return Tree.map(JsonReader.read(Files.readString(directory.resolve(name + ".json"))));
    }

    @Test
    void theSchemaIsTheOneThatOthersRead() throws Exception {
        Map<?, ?> report = run("one");
        assertEquals(KEYS, List.copyOf(report.keySet()));
        Map<?, ?> load = Tree.mainPhase(report);
        assertEquals(PHASE_KEYS, List.copyOf(load.keySet()));
        assertEquals(LEDGER_KEYS, List.copyOf(Tree.map(report, "ledger").keySet()));
        assertEquals("load", load.get("name"));
        double delivered = Tree.number(Tree.map(load, "per_second"), "delivered");
        assertTrue(delivered > 50 && delivered < 115, delivered + "/s, of 100 that were sent");
        assertTrue(Tree.number(Tree.map(Tree.map(load, "latency_millis"), "delivery"), "p99") > 0);
        assertEquals(2, Tree.map(load, "cpu_seconds").size(), "the generator, and the process that was named");
        assertTrue(Tree.list(report, "samples").size() >= 2);
        assertFalse(Files.readString(directory.resolve("one.json")).contains("secret-word"));
        String readme = Files.readString(Path.of("README.md"));
        for (String key : KEYS) {
            assertTrue(readme.contains("`" + key + "`"), "README.md doesn't explain " + key);
        }
    }

    @Test
    void thePageNeedsNothingElse() throws Exception {
        run("<b>two&");
        String page = Files.readString(directory.resolve("<b>two&.html"));
        assertTrue(Pattern.compile("<svg .*<path .*</svg>", Pattern.DOTALL)
                .matcher(page)
                .find());
        assertFalse(Pattern.compile("(src|href|url|@import|<script|<link)\\s*[=(\"]")
                .matcher(page)
                .find());
        assertFalse(page.contains("<b>two"), "names are escaped");
        assertFalse(page.contains("NaN"));
        assertEquals(page.split("<table>", -1).length, page.split("</table>", -1).length);
    }

    @Test
    void compareDividesByTheFirst() throws Exception {
        run("one");
        Path half = directory.resolve("half.json");
        String text = Files.readString(directory.resolve("one.json"));
        Files.writeString(
                half,
                text.replaceFirst("(?s)\"name\": \"one\"", "\"name\": \"half\"")
                        .replaceAll("\"p99\": [0-9.]+", "\"p99\": 1000"));
        Path page = directory.resolve("compared.html");
        assertEquals(
                0,
                Main.run(
                        "compare",
                        directory.resolve("one.json").toString(),
                        half.toString(),
                        "--html",
                        page.toString()));
        String compared = Files.readString(page);
        assertTrue(compared.contains("<th>one</th><th>half</th>"), compared);
        assertTrue(Pattern.compile("<td>delivered/s</td><td>[0-9.]+ \\(1.00\\)</td><td>[0-9.]+ \\(1.00\\)</td>")
                .matcher(compared)
                .find());
        assertTrue(Pattern.compile("<td>delivery p99 ms</td><td>[0-9.]+ \\(1.00\\)</td><td>1,000 ")
                .matcher(compared)
                .find());
    }
}
