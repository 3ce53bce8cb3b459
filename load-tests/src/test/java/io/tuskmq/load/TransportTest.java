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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The program over TLS and WebSocket, with certificates that are right and wrong. */
final class TransportTest {
    /** For 127.0.0.1. */
    private static TestCertificate good;

    /** Of the same names, but another key. */
    private static TestCertificate other;

    /** For another host. */
    private static TestCertificate elsewhere;

    @TempDir
    Path directory = Path.of("");

    @BeforeAll
    static void certificates(@TempDir Path directory) throws Exception {
        good = TestCertificate.make(directory, "good", "ip:127.0.0.1");
        other = TestCertificate.make(directory, "other", "ip:127.0.0.1");
        elsewhere = TestCertificate.make(directory, "elsewhere", "dns:broker.example");
    }

    private int pairs(String address, String options) {
        List<String> words = new ArrayList<>(List.of("pairs", "-t", address, "--json", json().toString()));
        String all = "--pairs 2 --qos 1 --duration 0.5 --warm-up 0 --rate 200 --settle 5 --quiet " + options;
        words.addAll(List.of(all.strip().split(" ")));
        return Main.run(words.toArray(String[]::new));
    }

    private Path json() {
        return directory.resolve("run.json");
    }

    private Map<?, ?> report() throws Exception {
        return Tree.map(JsonReader.read(Files.readString(json())));
    }

    private void assertCarries(Front front, String options) throws Exception {
        assertEquals(0, pairs(front.address(), options), "exit code with " + options);
        Map<?, ?> ledger = Tree.map(report(), "ledger");
        assertTrue(Tree.number(ledger, "delivered") > 0, ledger::toString);
        assertEquals(4, front.carried.get(), "two publishers and two subscribers came this way");
    }

    private void assertFails(String address, String options, String sentence) throws Exception {
        assertEquals(3, pairs(address, options), "exit code with " + options);
        String failed = Tree.text(report(), "failed");
        assertTrue(failed.contains(" at " + address + ": "), failed);
        assertTrue(failed.contains(sentence), failed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"3.1.1", "5"})
    void carriesPairsOverTlsWithACertificateThatItTrusts(String protocol) throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(Fault.NONE, false);
                Front front = new Front(broker, good, false)) {
            assertCarries(front, "--tls --cafile " + good.pem() + " --protocol " + protocol);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void carriesPairsOverWebSocket(boolean isSplit) throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(Fault.NONE, isSplit);
                Front front = new Front(broker, null, true)) {
            assertCarries(front, "--websocket");
        }
    }

    @Test
    void carriesPairsOverWebSocketAndTls() throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(Fault.NONE, false);
                Front front = new Front(broker, good, true)) {
            assertCarries(front, "--websocket=/mqtt --tls --cafile " + good.pem());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCertificateOfAnotherKeyFailsTheRun(boolean isWebSocket) throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(Fault.NONE, false);
                Front front = new Front(broker, good, isWebSocket)) {
            String webSocket = isWebSocket ? " --websocket" : "";
            assertFails(front.address(), "--tls --cafile " + other.pem() + webSocket, "the certificate is not trusted");
            assertFails(front.address(), "--tls" + webSocket, "the certificate is not trusted");
            assertEquals(0, front.carried.get(), "nothing was said to a broker that is not trusted");
            assertCarries(front, "--tls --insecure" + webSocket);
        }
    }

    @Test
    void aCertificateOfAnotherHostFailsTheRun() throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(Fault.NONE, false);
                Front front = new Front(broker, elsewhere, false)) {
            assertFails(front.address(), "--tls --cafile " + elsewhere.pem(), "the certificate is not trusted");
            assertEquals(0, front.carried.get(), "nothing was said to a broker that is not trusted");
            assertCarries(front, "--tls --insecure");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "false, true, --tls --insecure --websocket, speaks no TLS",
        "true, false, '', closed by the other side",
        "false, true, --websocket=/elsewhere, 404",
        "true, true, --websocket, closed by the other side"
    })
    void aTransportThatTheBrokerDoesNotSpeakFailsTheRun(
            boolean isTls, boolean isWebSocket, String options, String sentence) throws Exception {
        try (ScriptedBroker broker = new ScriptedBroker(Fault.NONE, false);
                Front front = new Front(broker, isTls ? good : null, isWebSocket)) {
            assertFails(front.address(), options, sentence);
        }
    }

    @Test
    void aFileWithoutCertificatesIsAWrongOption() throws Exception {
        Path empty = Files.writeString(directory.resolve("empty.pem"), "nothing\n");
        assertEquals(2, pairs("127.0.0.1:1", "--tls --cafile " + empty));
        assertEquals(2, pairs("127.0.0.1:1", "--tls --cafile " + directory.resolve("none.pem")));
    }
}
