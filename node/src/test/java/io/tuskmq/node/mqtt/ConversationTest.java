package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.node.session.ConnectionHandler.CloseCause;
import java.io.IOException;
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
}
