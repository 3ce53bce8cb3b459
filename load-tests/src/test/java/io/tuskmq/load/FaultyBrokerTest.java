package io.tuskmq.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.load.ScriptedBroker.Fault;
import io.tuskmq.load.report.JsonReader;
import io.tuskmq.load.report.Tree;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A broker that loses, doubles or swaps a single message is found out, by the exit code of the program. */
final class FaultyBrokerTest {
    @TempDir
    Path directory = Path.of("");

    private Path json() {
        return directory.resolve("run.json");
    }

    private int pairs(ScriptedBroker broker, String... more) {
        List<String> words = new ArrayList<>(List.of(
                "pairs",
                "-t",
                broker.address(),
                "--pairs",
                "1",
                "--duration",
                "1",
                "--warm-up",
                "0",
                "--window",
                "20",
                "--settle",
                "2",
                "--quiet",
                "--json",
                json().toString()));
        words.addAll(List.of(more));
        return Main.run(words.toArray(String[]::new));
    }

    private Map<?, ?> report() throws Exception {
        return Tree.map(JsonReader.read(Files.readString(json())));
    }

    @ParameterizedTest
    @CsvSource({
        "NONE, 1, 0, delivered", "LOSE, 1, 1, lost", "DOUBLE, 1, 1, doubled", "SWAP, 1, 1, out_of_order",
        "NONE, 2, 0, delivered", "LOSE, 2, 1, lost", "DOUBLE, 2, 1, doubled", "SWAP, 2, 1, out_of_order",
        "NONE, 0, 0, delivered", "DOUBLE, 0, 1, doubled", "SWAP, 0, 1, out_of_order"
    })
    void oneFaultInAllMessagesIsExitCodeOne(Fault fault, String qos, int exitCode, String finding) throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(fault, false)) {
            assertEquals(exitCode, pairs(broker, "--qos", qos, "--rate", "200"));
        }
        Map<?, ?> ledger = Tree.map(report(), "ledger");
        assertTrue(
                exitCode == 0 ? Tree.number(ledger, finding) > 100 : Tree.number(ledger, finding) == 1,
                ledger::toString);
        assertEquals(exitCode == 0, ledger.get("clean"));
    }

    @Test
    void lostQos0IsAFaultOnlyWhenAskedFor() throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(Fault.LOSE, false)) {
            assertEquals(0, pairs(broker, "--qos", "0", "--rate", "200"));
            assertEquals(1.0, Tree.number(Tree.map(report(), "ledger"), "lost_qos_0"));
        }
        try (ScriptedBroker broker = new ScriptedBroker(Fault.LOSE, false)) {
            assertEquals(1, pairs(broker, "--qos", "0", "--rate", "200", "--qos0-loss", "fail"));
        }
    }

    @Test
    void aBrokerThatHangsUpFailsTheRun() throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(Fault.CLOSE, false)) {
            assertEquals(3, pairs(broker, "--protocol", "5"));
        }
        assertTrue(Tree.text(report(), "failed").contains(" at 127.0.0.1:"), Tree.text(report(), "failed"));
    }

    @Test
    void whoIsRefusedConnectsAgainWhenAskedTo() throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(Fault.NONE, false)) {
            broker.refusals.set(2);
            assertEquals(3, pairs(broker));
            broker.refusals.set(2);
            assertEquals(0, pairs(broker, "--connect-retries", "2"));
        }
        Map<?, ?> connecting = Tree.map(Tree.list(report(), "phases").getFirst());
        assertEquals("connect", connecting.get("name"));
        assertEquals(2, Tree.number(connecting, "connect_failed"));
        assertEquals(2, Tree.number(connecting, "connected"));
    }

    /** A stop of 0.7 s at 200 messages a second holds up some 140 of them, not one: coordinated omission. */
    @Test
    void aStandStillIsChargedToAllMessagesThatWereDueInIt() throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(Fault.STALL, false)) {
            assertEquals(0, pairs(broker, "--rate", "200", "--duration", "2", "--window", "1"));
        }
        Map<?, ?> latencies = Tree.map(Tree.mainPhase(report()), "latency_millis");
        for (String what : List.of("acknowledgement", "delivery")) {
            Map<?, ?> histogram = Tree.map(latencies, what);
            assertTrue(Tree.number(histogram, "p90") > 300, () -> what + " " + histogram);
            assertTrue(Tree.number(histogram, "p100") > 600, () -> what + " " + histogram);
        }
    }
}
