package io.tuskmq.node.mqtt;

import static io.tuskmq.node.mqtt.Packets.hex;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.u32;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.session.Connection;
import io.tuskmq.node.session.ConnectionHandler.CloseCause;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** An MQTT 5 client's largest packet, byte by byte, for every packet but PUBLISH. */
class MaximumPacketSizeTest extends ListenerTest {
    /** Of a CONNACK without assigned client identifier. */
    private static final int CONNACK_BYTES = 16;

    private static final String WHY = "the database is away";

    private static byte[] connect(String clientId, int packetBytesMax) {
        return Packets.connectV5(clientId, property(0x27, u32(packetBytesMax)));
    }

    private Optional<RawClient.Packet> answer(byte[] connect) throws IOException {
        RawClient client = client(tcp());
        client.send(connect);
        return client.readToTheEnd();
    }

    /** What the client gets last when a CONNACK was followed by this. */
    private Optional<RawClient.Packet> last(int packetBytesMax, Effect.ToClient packet) throws IOException {
        RawClient client = connected(tcp(), connect("c", packetBytesMax));
        Connection connection = RecordingHandler.next(handler.connections);
        RecordingHandler.on(connection, () -> {
            connection.send(packet);
            connection.close(0, "");
        });
        return client.readToTheEnd();
    }

    @Test
    @DisplayName("[MQTT5-3.1.2-24] a CONNACK of the client's largest size is sent")
    void sendsConnAckThatJustFits() throws IOException {
        RawClient client = client(tcp());
        client.send(connect("c", CONNACK_BYTES));
        RawClient.Packet connAck = client.read();
        assertEquals(0, connAck.u8(1));
        assertEquals(CONNACK_BYTES, connAck.wire().split(" ").length);
    }

    @Test
    @DisplayName(
            "[MQTT5-3.1.2-24] where CONNACK does not fit the connection is refused, or just closed, and has no will")
    void refusesWhoCannotTakeConnAck() throws IOException {
        RawClient.Packet refusal = answer(connect("c", CONNACK_BYTES - 1)).orElseThrow();
        assertEquals("20 00 95 00", refusal.hex());
        assertEquals(CloseCause.NORMAL, RecordingHandler.next(handler.closed).cause());
        assertTrue(answer(connect("c", 4)).isEmpty());
        assertEquals(CloseCause.NORMAL, RecordingHandler.next(handler.closed).cause());
        // The identifier that the broker gives counts.
        assertEquals(
                "20 00 95 00",
                answer(connect("", CONNACK_BYTES + 3 + "assigned-1".length() - 1))
                        .orElseThrow()
                        .hex());
        connected(tcp(), connect("", CONNACK_BYTES + 3 + "assigned-1".length()));
    }

    @Test
    @DisplayName("[MQTT5-3.2.2-19] [MQTT5-3.2.2-20] a refusal leaves its reason string out where it would be too large")
    void refusesWithinTheLargestPacket() throws IOException {
        handler.answerConnects = false;
        int whole = 5 + 3 + WHY.length();
        assertEquals(whole, rejected(whole).wire().split(" ").length);
        assertEquals("20 00 88 00", rejected(whole - 1).hex());
        assertEquals("20 00 88 00", rejected(5).hex());
        RawClient client = client(tcp());
        client.send(connect("c", 4));
        reject(RecordingHandler.next(handler.connections));
        assertTrue(client.readToTheEnd().isEmpty()); // [MQTT5-3.1.2-24]
    }

    private RawClient.Packet rejected(int packetBytesMax) throws IOException {
        RawClient client = client(tcp());
        client.send(connect("c", packetBytesMax));
        reject(RecordingHandler.next(handler.connections));
        return client.readToTheEnd().orElseThrow();
    }

    private static void reject(Connection connection) {
        RecordingHandler.on(connection, () -> connection.reject(0x88, WHY));
    }

    @Test
    @DisplayName("[MQTT5-3.2.2-19] [MQTT5-3.1.2-24] also the refusal of a CONNECT that breaks the protocol")
    void refusesBadConnectWithinTheLargestPacket() throws IOException {
        // An authentication method, which we have none of.
        byte[] auth = property(0x15, Packets.string("SCRAM-SHA-1"));
        assertEquals(
                "20 00 8c 00",
                answer(Packets.connectV5("c", property(0x27, u32(20)), auth))
                        .orElseThrow()
                        .hex());
        assertTrue(answer(Packets.connectV5("c", property(0x27, u32(4)), auth)).isEmpty());
    }

    @Test
    @DisplayName(
            "[MQTT5-3.14.2-3] [MQTT5-3.14.2-4] DISCONNECT leaves its reason string out where it would be too large")
    void disconnectsWithinTheLargestPacket() throws IOException {
        int whole = 4 + 3 + WHY.length();
        assertEquals(whole, disconnected(whole).split(" ").length);
        assertEquals("e0 02 8b 00", disconnected(whole - 1));
    }

    private String disconnected(int packetBytesMax) throws IOException {
        return last(packetBytesMax, new Effect.Disconnect(0x8B, WHY))
                .orElseThrow()
                .wire();
    }

    @Test
    @DisplayName(
            "[MQTT5-3.1.2-24] a SUBACK or UNSUBACK of the largest size is sent; a larger one ends the connection instead")
    void neverSendsTooLargeSubAck() throws IOException {
        List<Integer> reasons = Collections.nCopies(20, 1); // 2 + 2 + 1 + 20 bytes
        assertEquals(
                9, last(25, new Effect.SendSubAck(7, reasons)).orElseThrow().type());
        assertEquals(
                11, last(25, new Effect.SendUnsubAck(7, reasons)).orElseThrow().type());
        assertEquals(
                "e0 95 00",
                last(24, new Effect.SendSubAck(7, reasons)).orElseThrow().hex());
        assertEquals(
                "e0 95 00",
                last(24, new Effect.SendUnsubAck(7, reasons)).orElseThrow().hex());
    }

    @Test
    @DisplayName("acknowledgements have neither reason string nor user properties that could be too large")
    void acknowledgesInFewBytes() throws IOException {
        // PUBACK [MQTT5-3.4.2-2] [MQTT5-3.4.2-3], PUBREC [MQTT5-3.5.2-2] [MQTT5-3.5.2-3],
        // PUBREL [MQTT5-3.6.2-2] [MQTT5-3.6.2-3], PUBCOMP [MQTT5-3.7.2-2] [MQTT5-3.7.2-3],
        // SUBACK [MQTT5-3.9.2-1] [MQTT5-3.9.2-2], UNSUBACK [MQTT5-3.11.2-1] [MQTT5-3.11.2-2]
        RawClient client = connected(tcp(), connect("c", CONNACK_BYTES));
        Connection connection = RecordingHandler.next(handler.connections);
        RecordingHandler.on(connection, () -> {
            connection.send(new Effect.SendPubAck(1, 0x97));
            connection.send(new Effect.SendPubRec(2, 0x97));
            connection.send(new Effect.SendPubRel(3, 0x92));
            connection.send(new Effect.SendPubComp(4, 0x92));
            connection.send(new Effect.SendSubAck(5, List.of(0x87)));
            connection.send(new Effect.SendUnsubAck(6, List.of(0x11)));
        });
        for (String expected : List.of(
                "40 03 00 01 97",
                "50 03 00 02 97",
                "62 03 00 03 92",
                "70 03 00 04 92",
                "90 04 00 05 00 87",
                "b0 04 00 06 00 11")) {
            assertEquals(expected, client.read().wire());
        }
        client.send(hex("c0 00"));
        assertEquals("d0 00", client.read().wire());
        assertFalse(connection.toString().contains("CLOSED"));
    }
}
