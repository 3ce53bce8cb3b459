package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.session.ConnectionHandler.CloseCause;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever must not be sent ends the connection that sent it, with the right last words, and no other one. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadPacketsTest {
    private final Vertx vertx = Vertx.vertx();
    private final RecordingHandler handler = new RecordingHandler();
    private final MqttListener listener = new MqttListener(vertx, MqttOptions.tcp("127.0.0.1", 0, 1), handler);
    private RawClient canary;

    @BeforeAll
    void start() throws IOException {
        listener.listen()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        canary = RawClient.connected(listener.port(), Packets.connect("canary"));
    }

    @AfterAll
    void stop() throws IOException {
        canary.close();
        vertx.close()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    static List<BadPackets.Bad> first() {
        return BadPackets.first();
    }

    static List<BadPackets.Bad> laterV4() {
        return BadPackets.laterV4();
    }

    static List<BadPackets.Bad> laterV5() {
        return BadPackets.laterV5();
    }

    @ParameterizedTest
    @MethodSource("first")
    void endsConnectionsThatBeginWrongly(BadPackets.Bad bad) throws IOException {
        handler.connects.clear();
        try (RawClient client = RawClient.connect(listener.port())) {
            expectTheEnd(client, bad);
        }
        assertTrue(handler.connects.isEmpty(), "no session hears of it");
        canary.ping();
    }

    @ParameterizedTest
    @MethodSource("laterV4")
    void endsConnectionsOfVersion4(BadPackets.Bad bad) throws IOException {
        endsLater(Packets.connect("c"), bad);
    }

    @ParameterizedTest
    @MethodSource("laterV5")
    void endsConnectionsOfVersion5(BadPackets.Bad bad) throws IOException {
        endsLater(Packets.connectV5("c"), bad);
    }

    private void endsLater(byte[] connect, BadPackets.Bad bad) throws IOException {
        handler.events.clear();
        handler.closed.clear();
        try (RawClient client = RawClient.connected(listener.port(), connect)) {
            expectTheEnd(client, bad);
        }
        assertTrue(handler.events.isEmpty(), "no session hears of it");
        assertEquals(
                CloseCause.PROTOCOL_ERROR, RecordingHandler.next(handler.closed).cause());
        canary.ping();
    }

    private static void expectTheEnd(RawClient client, BadPackets.Bad bad) throws IOException {
        client.sendToTheEnd(bad.bytes());
        Optional<RawClient.Packet> last = client.readToTheEnd();
        String words = last.map(RawClient.Packet::hex).orElse("");
        assertTrue(words.startsWith(bad.lastWords()), () -> "last words " + words);
        assertEquals(bad.lastWords().isEmpty(), words.isEmpty(), () -> "last words " + words);
    }
}
