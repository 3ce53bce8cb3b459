package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.session.Connection;
import io.tuskmq.node.session.ConnectionHandler.CloseCause;
import io.tuskmq.storage.Message;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Clocks and queues of a connection (I9). */
class LimitsTest extends ListenerTest {
    private static MqttOptions.Limits limits(int connectMillis, int queuedBytes, int stalledMillis, int connections) {
        MqttOptions.Limits d = MqttOptions.Limits.DEFAULT;
        return new MqttOptions.Limits(
                d.packetBytesMax(),
                d.frameBytesMax(),
                connectMillis,
                0,
                d.receiveMax(),
                d.topicAliasMax(),
                d.topicLevelsMax(),
                d.clientIdBytesMax(),
                d.writeLowBytes(),
                d.writeHighBytes(),
                queuedBytes,
                stalledMillis,
                new MqttOptions.Arrivals(connections, 0, 0),
                d.publishRate(),
                d.reauthenticationsPerMinuteMax());
    }

    static MqttOptions.Limits connectWithin(int millis) {
        return limits(millis, 8 << 20, 60_000, 1_000);
    }

    @Test
    @DisplayName("the CONNECT deadline is absolute: bytes that trickle in do not move it")
    void closesSlowConnects() throws IOException {
        RawClient client = client(tcp(connectWithin(600)));
        byte[] connect = Packets.connect("a-client-identifier-that-takes-its-time");
        client.socket().setSoTimeout(100);
        int sent = 0;
        boolean closed = false;
        while (!closed && sent < connect.length - 1) {
            client.sendToTheEnd(new byte[] {connect[sent++]});
            try {
                closed = client.socket().getInputStream().read() < 0;
            } catch (java.net.SocketTimeoutException e) {
                closed = false; // nothing yet: the next byte
            } catch (java.net.SocketException e) {
                closed = true;
            }
        }
        assertTrue(closed, "still open after " + sent + " bytes");
        assertTrue(handler.connects.isEmpty());
    }

    @Test
    @DisplayName("a silent connection is closed at the CONNECT deadline")
    void closesSilentConnections() throws IOException {
        assertTrue(client(tcp(connectWithin(200))).readOrEnd().isEmpty());
    }

    @Test
    @DisplayName("[MQTT-3.1.2-24] one and a half times the keep-alive without a packet ends the connection")
    void watchesKeepAlive() throws IOException {
        RawClient client = connected(tcp(), Packets.connect4(0x02, 1, Packets.string("c")));
        long start = System.nanoTime(); // before the last packet: the broker's clock starts later
        client.ping();
        assertTrue(client.readOrEnd().isEmpty());
        assertTrue(System.nanoTime() - start >= TimeUnit.MILLISECONDS.toNanos(1_400));
        assertEquals(
                CloseCause.KEEP_ALIVE, RecordingHandler.next(handler.closed).cause());
    }

    @Test
    @DisplayName("[MQTT5-3.1.2-22] version 5 hears 0x8D")
    void saysKeepAliveTimeout() throws IOException {
        RawClient client = connected(tcp(), Packets.connect5(2, 1, Packets.properties(), Packets.string("c")));
        assertTrue(client.readToTheEnd().orElseThrow().hex().startsWith("e0 8d"));
    }

    @Test
    @DisplayName("bytes of a packet that never ends are not a packet: keep-alive runs on")
    void countsPacketsNotBytes() throws IOException {
        RawClient client = connected(tcp(), Packets.connect4(0x02, 1, Packets.string("c")));
        client.socket().setSoTimeout(100);
        client.send(Packets.hex("30 7f 00 01 61"));
        boolean closed = false;
        for (int i = 0; i < 100 && !closed; i++) {
            client.sendToTheEnd(new byte[] {0});
            try {
                closed = client.socket().getInputStream().read() < 0;
            } catch (java.net.SocketTimeoutException e) {
                closed = false;
            } catch (java.net.SocketException e) {
                closed = true;
            }
        }
        assertTrue(closed);
        assertEquals(
                CloseCause.KEEP_ALIVE, RecordingHandler.next(handler.closed).cause());
    }

    @Test
    @DisplayName("a paused connection is not read from, and keep-alive does not end it")
    void pausesReading() throws IOException {
        RawClient client = connected(tcp(), Packets.connect4(0x02, 1, Packets.string("c")));
        Connection connection = RecordingHandler.next(handler.connections);
        RecordingHandler.on(connection, () -> {
            connection.pauseReading();
            connection.pauseReading();
        });
        client.send(RawClient.concat(Packets.publish(0, 0, "a", "1"), Packets.publish(0, 0, "a", "2")));
        client.socket().setSoTimeout(2_500);
        boolean silent = false;
        try {
            client.socket().getInputStream().read();
        } catch (java.net.SocketTimeoutException e) {
            silent = true; // longer than one and a half times the keep-alive, and neither answered nor closed
        }
        assertTrue(silent);
        assertTrue(handler.events.isEmpty());
        RecordingHandler.on(connection, connection::resumeReading);
        RecordingHandler.on(connection, connection::resumeReading);
        assertEquals("30 00 01 61 31", client.read().hex());
        assertEquals("30 00 01 61 32", client.read().hex());
    }

    @Test
    @DisplayName("a pause in the middle of what one read brought holds back the rest")
    void pausesBetweenPackets() throws IOException {
        handler.echo = false;
        RawClient client = connected(tcp(), Packets.connect("c"));
        Connection connection = RecordingHandler.next(handler.connections);
        AtomicInteger seen = new AtomicInteger();
        handler.onEvent = event -> {
            if (seen.incrementAndGet() == 2) {
                connection.pauseReading();
            }
        };
        byte[] three = RawClient.concat(
                Packets.publish(0, 0, "a", "1"), Packets.publish(0, 0, "a", "2"), Packets.publish(0, 0, "a", "3"));
        client.send(three);
        handler.nextEvent(Event.PublishReceived.class);
        handler.nextEvent(Event.PublishReceived.class);
        RecordingHandler.on(connection, () -> assertEquals(2, seen.get()));
        RecordingHandler.on(connection, connection::resumeReading);
        handler.nextEvent(Event.PublishReceived.class);
        assertEquals(3, seen.get());
    }

    @Test
    @DisplayName("packets behind an unanswered CONNECT wait for its answer [MQTT-3.1.4-5]")
    void holdsPacketsBehindConnect() throws IOException {
        handler.answerConnects = false;
        RawClient client = client(tcp());
        client.send(RawClient.concat(Packets.connect("c"), Packets.publish(1, 3, "a", "1")));
        Connection connection = RecordingHandler.next(handler.connections);
        RecordingHandler.on(connection, () -> assertTrue(handler.events.isEmpty()));
        RecordingHandler.on(connection, () -> connection.accept(false, "", 0));
        assertEquals("20 00 00", client.read().hex());
        assertEquals("40 00 03", client.read().hex());
    }

    @Test
    @DisplayName("DISCONNECT counts even if the connection was paused when it came and the socket is gone")
    void hearsDisconnectBehindPause() throws IOException {
        RawClient client = connected(tcp(), Packets.connect("c"));
        Connection connection = RecordingHandler.next(handler.connections);
        RecordingHandler.on(connection, connection::pauseReading);
        client.send(RawClient.concat(Packets.publish(0, 0, "a", "1"), Packets.DISCONNECT));
        client.close();
        RecordingHandler.on(connection, connection::resumeReading);
        assertEquals(CloseCause.NORMAL, RecordingHandler.next(handler.closed).cause());
        assertEquals(1, handler.events.size());
    }

    @Test
    @DisplayName("an abrupt close and a reset are failures in I/O")
    void tellsAbruptEnds() throws IOException {
        int port = tcp();
        connected(port, Packets.connect("a")).close();
        assertEquals(CloseCause.IO, RecordingHandler.next(handler.closed).cause());
        connected(port, Packets.connect("b")).abort();
        assertEquals(CloseCause.IO, RecordingHandler.next(handler.closed).cause());
    }

    @Test
    @DisplayName(
            "I9: a subscriber that does not read becomes unwritable, later writable again, and gets all that was sent")
    void tellsWritability() throws IOException {
        RawClient client = connected(tcp(limits(10_000, 64 << 20, 60_000, 10)), Packets.connect("c"));
        Connection connection = RecordingHandler.next(handler.connections);
        int sent = 0;
        AtomicBoolean writable = new AtomicBoolean(true);
        while (writable.get()) {
            sendMany(connection, 100);
            sent += 100;
            RecordingHandler.on(connection, () -> writable.set(connection.isWritable()));
        }
        assertFalse(RecordingHandler.next(handler.writables));
        for (int i = 0; i < sent; i++) {
            assertEquals(4_000 + 3, client.read().body().length);
        }
        assertTrue(RecordingHandler.next(handler.writables));
    }

    @Test
    @DisplayName("I9: what waits for a client that never reads stays bounded: it is cut off")
    void cutsOffWhoNeverReads() throws IOException {
        MqttListener listener =
                listen(MqttOptions.tcp("127.0.0.1", 0, 1).withLimits(limits(10_000, 1 << 20, 60_000, 10)));
        connected(listener.port(), Packets.connect("c"));
        Connection connection = RecordingHandler.next(handler.connections);
        int rounds = 0;
        while (handler.closed.isEmpty() && rounds++ < 10_000) {
            sendMany(connection, 100); // a session that ignores writability
        }
        assertEquals(CloseCause.SERVER, RecordingHandler.next(handler.closed).cause());
        assertEquals(1, listener.counters().cutOff());
    }

    @Test
    @DisplayName("I9: who does not read our answers is not read from, and is cut off in the end")
    void stopsReadingWhoDoesNotRead() throws IOException {
        MqttListener listener =
                listen(MqttOptions.tcp("127.0.0.1", 0, 1).withLimits(limits(10_000, 64 << 20, 500, 10)));
        RawClient client = connected(listener.port(), Packets.connect("c"));
        byte[] publishes = new byte[0];
        for (int i = 0; i < 10; i++) {
            publishes = RawClient.concat(publishes, Packets.publish(0, 0, "a", "x".repeat(4_000)));
        }
        int rounds = 0;
        while (handler.closed.isEmpty() && rounds++ < 100_000) {
            client.sendToTheEnd(publishes); // the handler sends each one back
        }
        assertEquals(CloseCause.SERVER, RecordingHandler.next(handler.closed).cause());
        assertEquals(1, listener.counters().cutOff());
    }

    @Test
    @DisplayName("connections above the maximum are closed at once")
    void boundsConnections() throws IOException {
        MqttListener listener =
                listen(MqttOptions.tcp("127.0.0.1", 0, 1).withLimits(limits(10_000, 8 << 20, 60_000, 1)));
        RawClient first = connected(listener.port(), Packets.connect("a"));
        assertTrue(client(listener.port()).readOrEnd().isEmpty());
        assertEquals(1, listener.counters().refusedConnections());
        first.ping();
    }

    static MqttOptions.Limits with(MqttOptions.Arrivals arrivals, MqttOptions.PublishRate rate) {
        MqttOptions.Limits d = MqttOptions.Limits.DEFAULT;
        return new MqttOptions.Limits(
                d.packetBytesMax(),
                d.frameBytesMax(),
                d.connectMillisMax(),
                0,
                d.receiveMax(),
                d.topicAliasMax(),
                d.topicLevelsMax(),
                d.clientIdBytesMax(),
                d.writeLowBytes(),
                d.writeHighBytes(),
                d.queuedBytesMax(),
                d.stalledMillisMax(),
                arrivals,
                rate,
                d.reauthenticationsPerMinuteMax());
    }

    @Test
    @DisplayName("one address has only so many connections, and gets a place back when one of them has closed")
    void boundsConnectionsOfAnAddress() throws IOException {
        var none = new MqttOptions.PublishRate(0, 0);
        MqttListener listener = listen(
                MqttOptions.tcp("127.0.0.1", 0, 1).withLimits(with(new MqttOptions.Arrivals(1_000, 1, 0), none)));
        RawClient first = connected(listener.port(), Packets.connect("a"));
        assertTrue(client(listener.port()).readOrEnd().isEmpty());
        first.close();
        RecordingHandler.next(handler.closed);
        connected(listener.port(), Packets.connect("b")).ping();
    }

    @Test
    @DisplayName("a client that publishes too fast is read at the rate it may have, and loses nothing")
    void pacesPublishers() throws IOException {
        var arrivals = new MqttOptions.Arrivals(1_000, 0, 0);
        MqttListener listener = listen(
                MqttOptions.tcp("127.0.0.1", 0, 1).withLimits(with(arrivals, new MqttOptions.PublishRate(10, 0))));
        RawClient client = connected(listener.port(), Packets.connect("fast"));
        byte[] publishes = new byte[0];
        for (int i = 0; i < 15; i++) {
            publishes = RawClient.concat(publishes, Packets.publish(0, 0, "a", "m" + i));
        }
        long start = System.nanoTime();
        client.send(publishes);
        for (int i = 0; i < 15; i++) {
            assertTrue(client.read()
                    .hex()
                    .endsWith(Packets.hexOf(("m" + i).getBytes(java.nio.charset.StandardCharsets.UTF_8))));
        }
        long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        assertTrue(took >= 350, "a second's worth at once, the others at ten a second, not within " + took + " ms");
        assertTrue(listener.counters().pacedPublishers() > 0);
    }

    private static void sendMany(Connection connection, int count) {
        Message message = Message.of("a", new byte[4_000], 0, false);
        RecordingHandler.on(connection, () -> {
            for (int i = 0; i < count; i++) {
                connection.send(new Effect.SendPublish(0, 0, false, false, message, List.of()));
            }
        });
    }
}
