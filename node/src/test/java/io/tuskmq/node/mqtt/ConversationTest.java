package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.node.session.Connection;
import io.tuskmq.node.session.ConnectionHandler.CloseCause;
import io.tuskmq.storage.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Right packets of all versions become events and back. */
class ConversationTest extends ListenerTest {
    @Test
    @DisplayName("[MQTT-3.1.0-1] [MQTT-3.2.0-1] CONNECT of 3.1.1 is answered by CONNACK")
    void connectsWithVersion4() throws IOException {
        RawClient client = client(tcp());
        client.send(Packets.connect4(0x00, 60, Packets.string("phone")));
        assertEquals("20 00 00", client.read().hex());
        ConnectPacket connect = RecordingHandler.next(handler.connects);
        assertEquals(4, connect.version());
        assertEquals("phone", connect.clientId());
        assertEquals(0xFFFF_FFFFL, connect.expirySeconds());
        assertEquals(60, connect.keepAliveSeconds());
        assertNull(connect.userName());
    }

    @Test
    @DisplayName("MQTT 3.1 is spoken, without a session-present flag")
    void connectsWithVersion3() throws IOException {
        handler.answerConnects = false;
        RawClient client = client(tcp());
        client.send(Packets.connect3(0x02, 0, Packets.string("old")));
        var connection = RecordingHandler.next(handler.connections);
        RecordingHandler.on(connection, () -> connection.accept(true, "", 0));
        assertEquals("20 00 00", client.read().hex());
    }

    @Test
    @DisplayName("QoS 0, 1 and 2 both ways in version 4")
    void publishesAllQualities() throws IOException {
        RawClient client = connected(tcp(), Packets.connect("c"));
        client.send(Packets.publish(0, 0, "a/b", "zero"));
        assertEquals(
                Packets.hexOf(Packets.publish(0, 0, "a/b", "zero")),
                client.read().wire());
        client.send(Packets.publish(1, 7, "a/b", "one"));
        assertEquals("40 00 07", client.read().hex());
        assertEquals(
                Packets.hexOf(Packets.publish(1, 1, "a/b", "one")),
                client.read().wire());
        client.send(Packets.pubAck(1));
        client.send(Packets.publish(2, 8, "a/b", "two"));
        assertEquals("50 00 08", client.read().hex());
        assertEquals(
                Packets.hexOf(Packets.publish(2, 2, "a/b", "two")),
                client.read().wire());
        client.send(Packets.pubRel(8));
        assertEquals("70 00 08", client.read().hex());
        client.send(Packets.pubRec(2));
        assertEquals("62 00 02", client.read().hex()); // [MQTT-3.6.1-1]
        client.send(Packets.pubComp(2));
        client.ping();
        assertEquals(7, handler.events.size());
    }

    @Test
    @DisplayName("SUBSCRIBE and UNSUBSCRIBE of version 4")
    void subscribes() throws IOException {
        RawClient client = connected(tcp(), Packets.connect("c"));
        client.send(Packets.subscribe(5, "a/+/#", 1));
        assertEquals("90 00 05 01", client.read().hex());
        Event.SubscribeReceived event = handler.nextEvent(Event.SubscribeReceived.class);
        assertEquals("a/+/#", event.subscriptions().get(0).filter());
        client.send(Packets.unsubscribe(6, "a/+/#"));
        assertEquals("b0 00 06", client.read().hex()); // [MQTT-3.10.4-4] no payload in MQTT 3
    }

    @Test
    @DisplayName("[MQTT-3.14.4-3] DISCONNECT is a normal end, without a will")
    void disconnects() throws IOException {
        RawClient client = connected(tcp(), Packets.connect("c"));
        client.send(Packets.DISCONNECT);
        assertEquals(CloseCause.NORMAL, RecordingHandler.next(handler.closed).cause());
        assertEquals(true, client.readOrEnd().isEmpty());
    }

    @Test
    @DisplayName("a large payload reaches several receivers whole, though they share it")
    void sharesLargePayloads() throws IOException {
        handler.echo = false;
        int port = tcp();
        List<RawClient> clients = new ArrayList<>();
        List<Connection> connections = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            clients.add(connected(port, Packets.connect("c" + i)));
            connections.add(RecordingHandler.next(handler.connections));
        }
        byte[] payload = new byte[300_000];
        new Random(7).nextBytes(payload);
        Message message = Message.of("big", payload, 1, false);
        for (Connection connection : connections) {
            RecordingHandler.on(connection, () -> {
                connection.send(new Effect.SendPublish(1, 1, false, false, message, List.of()));
                connection.send(new Effect.SendPublish(2, 0, false, true, message, List.of()));
            });
        }
        for (RawClient client : clients) {
            assertArrayEquals(
                    RawClient.concat(Packets.hex("0003 'big' 0001"), payload),
                    client.read().body());
            RawClient.Packet second = client.read();
            assertEquals(0x31, second.first());
            assertArrayEquals(RawClient.concat(Packets.hex("0003 'big'"), payload), second.body());
        }
    }

    @Test
    @DisplayName("[MQTT-3.3.1-1] a resent PUBLISH has DUP set, a first one has not")
    void setsDup() throws IOException {
        RawClient client = connected(tcp(), Packets.connect("c"));
        Connection connection = RecordingHandler.next(handler.connections);
        Message message = Message.of("a", new byte[] {'x'}, 2, false);
        RecordingHandler.on(connection, () -> {
            connection.send(new Effect.SendPublish(5, 2, true, false, message, List.of()));
            connection.send(new Effect.SendPublish(6, 1, false, true, message, List.of()));
        });
        assertEquals("3c 00 01 61 00 05 78", client.read().hex());
        assertEquals("33 00 01 61 00 06 78", client.read().hex());
    }

    @Test
    @DisplayName("[MQTT-3.9.3-2] SUBACK of version 4 knows only 0x80 as failure")
    void translatesSubAck() throws IOException {
        RawClient client = connected(tcp(), Packets.connect("c"));
        Connection connection = RecordingHandler.next(handler.connections);
        RecordingHandler.on(connection, () -> connection.send(new Effect.SendSubAck(9, List.of(2, 0x8F, 0))));
        assertEquals("90 00 09 02 80 00", client.read().hex());
    }

    @Test
    @DisplayName("user name without password, and a topic with a byte order mark and other planes, arrive as sent")
    void keepsStrings() throws IOException {
        RawClient client = client(tcp());
        client.send(Packets.connect4(0x82, 0, Packets.string("c"), Packets.string("ann")));
        client.read();
        ConnectPacket connect = RecordingHandler.next(handler.connects);
        assertEquals("ann", connect.userName());
        assertNull(connect.password());
        String topic = "\ufeffa/\ud83d\ude00/\u00e9"; // [MQTT-1.5.3-3]
        client.send(Packets.publish(0, 0, topic, ""));
        assertEquals(
                topic, handler.nextEvent(Event.PublishReceived.class).message().topic());
        assertEquals(
                Packets.hexOf(Packets.publish(0, 0, topic, "")), client.read().wire());
    }

    @Test
    @DisplayName("a fault of the session ends its connection, not the broker")
    void survivesFaultsOfTheSession() throws IOException {
        MqttListener listener = listen(MqttOptions.tcp("127.0.0.1", 0, 1));
        RawClient client = connected(listener.port(), Packets.connectV5("c"));
        RawClient other = connected(listener.port(), Packets.connect("d"));
        handler.onEvent = event -> {
            throw new IllegalStateException("planted");
        };
        client.send(Packets.publishV5(0, 0, "a", Packets.properties(), ""));
        assertEquals(0x83, client.readToTheEnd().orElseThrow().u8(0));
        assertEquals(CloseCause.SERVER, RecordingHandler.next(handler.closed).cause());
        assertEquals(1, listener.counters().ownFailures());
        other.ping();
    }
}
