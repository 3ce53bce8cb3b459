package io.tuskmq.node.process;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.packet;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.u16;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.mqtt.RawClient.Packet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Short words for conversations in single packets of MQTT 3.1.1. */
public final class RawMqtt {
    public static final int PATIENCE_MILLIS = 60_000;
    public static final int CLEAN = 0x02;
    public static final int USER_NAME = 0x80;
    public static final int DUP = 0x08;

    private RawMqtt() {}

    /** Connects with cleanSession=false; the answer must say whether a session was there. */
    public static RawClient persistent(int port, String clientId, boolean present) throws IOException {
        return connect(port, connect4(0, 0, string(clientId)), present);
    }

    public static RawClient clean(int port, String clientId) throws IOException {
        return connect(port, connect4(CLEAN, 0, string(clientId)), false);
    }

    /** @param present what the CONNACK must say of the session */
    public static RawClient connect(int port, byte[] connect, boolean present) throws IOException {
        RawClient client = open(port);
        client.send(connect);
        assertEquals(present ? "20 01 00" : "20 00 00", client.read().hex(), "CONNACK");
        return client;
    }

    /** A connection on which nothing was sent yet. */
    public static RawClient open(int port) throws IOException {
        RawClient client = RawClient.connect(port);
        client.socket().setSoTimeout(PATIENCE_MILLIS);
        return client;
    }

    public static void subscribe(RawClient client, String filter, int qos) throws IOException {
        client.send(Packets.subscribe(1, filter, qos));
        assertEquals("90 00 01 0" + qos, client.read().hex(), "SUBACK");
    }

    /** Publishes and completes the handshake: after it the message is the broker's. */
    public static void publish(RawClient client, int qos, int packetId, String topic, String payload)
            throws IOException {
        client.send(Packets.publish(qos, packetId, topic, payload));
        if (qos == 1) {
            assertEquals(Packets.hexOf(u16(packetId)), body(client.read(), 4));
        } else if (qos == 2) {
            assertEquals(Packets.hexOf(u16(packetId)), body(client.read(), 5));
            client.send(Packets.pubRel(packetId));
            assertEquals(Packets.hexOf(u16(packetId)), body(client.read(), 7));
        }
    }

    /** The same PUBLISH with DUP set. */
    public static byte[] again(int qos, int packetId, String topic, String payload) {
        return packet(0x30 | DUP | (qos << 1), string(topic), u16(packetId), payload.getBytes(StandardCharsets.UTF_8));
    }

    /** A PUBLISH of MQTT 3.1.1 as it was received. */
    public record Received(boolean dup, int qos, boolean retain, int packetId, String topic, String payload) {}

    public static Received received(Packet packet) {
        assertEquals(3, packet.type(), () -> "a PUBLISH, not " + packet);
        int qos = (packet.flags() >> 1) & 3;
        int topicEnd = 2 + packet.u16(0);
        int start = qos == 0 ? topicEnd : topicEnd + 2;
        byte[] body = packet.body();
        return new Received(
                (packet.flags() & DUP) != 0,
                qos,
                (packet.flags() & 1) != 0,
                qos == 0 ? 0 : packet.u16(topicEnd),
                new String(body, 2, topicEnd - 2, StandardCharsets.UTF_8),
                new String(body, start, body.length - start, StandardCharsets.UTF_8));
    }

    /** Takes the next message and answers it; a PUBREL that comes before it is answered too. */
    public static Received takeNext(RawClient client) throws IOException {
        Packet packet = client.read();
        while (packet.type() == 6) {
            client.send(Packets.pubComp(packet.u16(0)));
            packet = client.read();
        }
        Received message = received(packet);
        if (message.qos() > 0) {
            client.send(message.qos() == 1 ? Packets.pubAck(message.packetId()) : Packets.pubRec(message.packetId()));
        }
        return message;
    }

    /** The same; of QoS 2 it waits for the PUBREL, before which no other packet may come: then the broker knows for good. */
    public static Received take(RawClient client) throws IOException {
        Received message = takeNext(client);
        if (message.qos() == 2) {
            assertEquals(Packets.hexOf(u16(message.packetId())), body(client.read(), 6));
            client.send(Packets.pubComp(message.packetId()));
        }
        return message;
    }

    /** The body in hexadecimal digits of a packet that must be of the type. */
    public static String body(Packet packet, int type) {
        assertEquals(type, packet.type(), () -> "type of " + packet);
        return Packets.hexOf(packet.body());
    }
}
