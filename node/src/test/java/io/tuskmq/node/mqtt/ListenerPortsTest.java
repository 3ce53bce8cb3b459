package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.session.Connection;
import io.tuskmq.node.session.ConnectionHandler.CloseCause;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ports: TCP on several event loops, TLS, WebSocket; opening and closing them. */
class ListenerPortsTest extends ListenerTest {
    private static <T> T await(Future<T> future) {
        return future.toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    private static MqttOptions options(int webSocketPort, int tlsPort, MqttOptions.@Nullable Tls tls, int port) {
        var ports = new MqttOptions.Ports(port, webSocketPort, tlsPort, MqttOptions.OFF);
        return new MqttOptions("127.0.0.1", ports, tls, 1, MqttOptions.Limits.DEFAULT, List.of());
    }

    @Test
    @DisplayName("connections are spread over the event loops, all through one port")
    void sharesThePort() throws IOException {
        int port = listen(MqttOptions.tcp("127.0.0.1", 0, 2)).port();
        Set<Context> contexts = new HashSet<>();
        for (int i = 0; i < 4; i++) {
            connected(port, Packets.connect("c" + i)).ping();
            contexts.add(RecordingHandler.next(handler.connections).context());
        }
        assertEquals(2, contexts.size());
    }

    @Test
    @DisplayName("two listeners on any free port do not share it")
    void separatesListeners() {
        assertTrue(tcp() != tcp());
    }

    @Test
    @DisplayName("a port that is taken fails, and leaves none open")
    void failsOnTakenPorts() throws IOException {
        try (ServerSocket taken = new ServerSocket(0)) {
            var ports = new MqttOptions.Ports(0, taken.getLocalPort(), MqttOptions.OFF, MqttOptions.OFF);
            MqttOptions options = new MqttOptions("0.0.0.0", ports, null, 1, MqttOptions.Limits.DEFAULT, List.of());
            MqttListener listener = new MqttListener(vertx(), options, handler);
            assertThrows(RuntimeException.class, () -> await(listener.listen()));
            assertTrue(isClosedSoon(listener.port()), "no port is left open");
        }
    }

    /** The system may take a moment to close a listening socket after it was asked to. */
    private static boolean isClosedSoon(int port) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (System.nanoTime() < end) {
            try {
                RawClient.connect(port).close();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            } catch (IOException refused) {
                return true;
            }
        }
        return false;
    }

    @Test
    @DisplayName("closing takes no new connections at once, and waits for the sessions to close the open ones")
    void closesGracefully() throws IOException {
        MqttListener listener = listen(MqttOptions.tcp("127.0.0.1", 0, 2));
        RawClient client = connected(listener.port(), Packets.connect("c"));
        Connection connection = RecordingHandler.next(handler.connections);
        listener.stopAccepting();
        assertTrue(client(listener.port()).readOrEnd().isEmpty());
        Future<Void> closed = listener.close(30_000);
        client.ping();
        assertFalse(closed.isComplete());
        RecordingHandler.on(connection, () -> connection.close(0x8B, "stopping"));
        await(closed);
        assertTrue(client.readOrEnd().isEmpty());
        assertEquals(
                CloseCause.SERVER_STOP, RecordingHandler.next(handler.closed).cause());
        assertTrue(isClosedSoon(listener.port()));
    }

    @Test
    @DisplayName("closing cuts what is still open when the time is over")
    void cutsAtClose() throws IOException {
        MqttListener listener = listen(MqttOptions.tcp("127.0.0.1", 0, 1));
        RawClient client = connected(listener.port(), Packets.connect("c"));
        await(listener.close(100));
        assertTrue(client.readOrEnd().isEmpty());
        assertEquals(CloseCause.IO, RecordingHandler.next(handler.closed).cause());
    }

    @Test
    @DisplayName("MQTT over TLS")
    void speaksTls(@TempDir Path dir) throws Exception {
        TestCertificate certificate = TestCertificate.make(dir);
        MqttListener listener = listen(options(MqttOptions.OFF, 0, certificate.tls(), MqttOptions.OFF));
        Socket socket = certificate.clientContext().getSocketFactory().createSocket("localhost", listener.tlsPort());
        try (RawClient client = new RawClient(socket)) {
            client.send(Packets.connectV5("secure"));
            assertEquals(2, client.read().type());
            String large = "x".repeat(300_000);
            client.send(Packets.publishV5(1, 1, "a", Packets.properties(), large));
            assertEquals(4, client.read().type());
            assertEquals(300_000 + 6, client.read().body().length);
            client.send(Packets.hex("30 ff ff ff 7f"));
            assertTrue(client.readToTheEnd().orElseThrow().hex().startsWith("e0 95"));
        }
        assertEquals(
                CloseCause.PROTOCOL_ERROR, RecordingHandler.next(handler.closed).cause());
    }

    @Test
    @DisplayName("a handshake that does not come is ended at the deadline of the CONNECT")
    void closesSlowHandshakes(@TempDir Path dir) throws Exception {
        TestCertificate certificate = TestCertificate.make(dir);
        var ports = new MqttOptions.Ports(MqttOptions.OFF, MqttOptions.OFF, 0, MqttOptions.OFF);
        MqttListener listener = listen(
                new MqttOptions("127.0.0.1", ports, certificate.tls(), 1, LimitsTest.connectWithin(300), List.of()));
        RawClient silent = client(listener.tlsPort());
        RawClient begun = client(listener.tlsPort());
        begun.send(Packets.hex("16 03 01 01 00"));
        for (RawClient client : List.of(silent, begun)) {
            client.socket().getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
        }
        assertTrue(handler.connects.isEmpty());
    }

    @Test
    @DisplayName("with a client CA, clients without a certificate are refused")
    void demandsClientCertificates(@TempDir Path dir) throws Exception {
        TestCertificate certificate = TestCertificate.make(dir);
        MqttListener listener = listen(options(MqttOptions.OFF, 0, certificate.mutualTls(), MqttOptions.OFF));
        Socket socket = certificate.clientContext().getSocketFactory().createSocket("localhost", listener.tlsPort());
        try (RawClient client = new RawClient(socket)) {
            client.sendToTheEnd(Packets.connect("c"));
            assertThrows(IOException.class, client::read);
        }
        assertTrue(handler.connects.isEmpty());
    }

    @Test
    @DisplayName(
            "[MQTT-6.0.0-2] [MQTT-6.0.0-4] [MQTT5-6.0.0-2] [MQTT5-6.0.0-4] MQTT over WebSocket: packets need not line up with frames")
    void speaksWebSocket() {
        int port = listen(options(0, MqttOptions.OFF, null, MqttOptions.OFF)).webSocketPort();
        WebSocketClient client = vertx().createWebSocketClient();
        BlockingQueue<Buffer> received = new LinkedBlockingQueue<>();
        WebSocket socket = await(client.connect(webSocket(port, "mqtt")).map(ws -> ws.handler(received::add)));
        assertEquals("mqtt", socket.subProtocol());
        byte[] connect = Packets.connect("web");
        await(socket.writeBinaryMessage(Buffer.buffer(java.util.Arrays.copyOf(connect, 5))));
        byte[] rest = java.util.Arrays.copyOfRange(connect, 5, connect.length);
        await(socket.writeBinaryMessage(Buffer.buffer(RawClient.concat(rest, Packets.publish(0, 0, "a", "hello")))));
        Buffer all = Buffer.buffer();
        byte[] echo = Packets.publish(0, 0, "a", "hello");
        while (all.length() < 4 + echo.length) {
            all.appendBuffer(RecordingHandler.next(received));
        }
        assertEquals("20 02 00 00 " + Packets.hexOf(echo), Packets.hexOf(all.getBytes()));
        await(client.close());
        assertEquals(CloseCause.IO, RecordingHandler.next(handler.closed).cause());
    }

    @Test
    @DisplayName("a packet in fragments of a WebSocket message, and the subprotocol mqttv3.1")
    void readsContinuationFrames() {
        int port = listen(options(0, MqttOptions.OFF, null, MqttOptions.OFF)).webSocketPort();
        WebSocketClient client = vertx().createWebSocketClient();
        WebSocket socket = await(client.connect(webSocket(port, "mqttv3.1")));
        assertEquals("mqttv3.1", socket.subProtocol());
        String large = "y".repeat(200_000); // the client cuts it into frames of 64 kB
        await(socket.writeBinaryMessage(
                Buffer.buffer(RawClient.concat(Packets.connect("web"), Packets.publish(0, 0, "a", large)))));
        Event.PublishReceived event = handler.nextEvent(Event.PublishReceived.class);
        assertEquals(large, new String(event.message().payload(), StandardCharsets.UTF_8));
        await(client.close());
    }

    @Test
    @DisplayName("[MQTT-6.0.0-1] [MQTT5-6.0.0-1] a text frame ends the connection")
    void refusesTextFrames() throws InterruptedException {
        int port = listen(options(0, MqttOptions.OFF, null, MqttOptions.OFF)).webSocketPort();
        WebSocketClient client = vertx().createWebSocketClient();
        WebSocket socket = await(client.connect(webSocket(port, "mqtt")));
        BlockingQueue<Boolean> closed = new LinkedBlockingQueue<>();
        socket.closeHandler(v -> closed.add(true));
        await(socket.writeTextMessage("hello"));
        assertEquals(true, closed.poll(10, TimeUnit.SECONDS));
        await(client.close());
    }

    @Test
    @DisplayName("HTTP that is no WebSocket for /mqtt gets 404")
    void refusesOtherHttp() throws IOException {
        int port = listen(options(0, MqttOptions.OFF, null, MqttOptions.OFF)).webSocketPort();
        RawClient client = client(port);
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        byte[] head = client.socket().getInputStream().readNBytes(12);
        assertEquals("HTTP/1.1 404", new String(head, StandardCharsets.US_ASCII));
    }

    private static WebSocketConnectOptions webSocket(int port, String protocol) {
        return new WebSocketConnectOptions()
                .setHost("127.0.0.1")
                .setPort(port)
                .setURI("/mqtt")
                .setSubProtocols(List.of(protocol));
    }
}
