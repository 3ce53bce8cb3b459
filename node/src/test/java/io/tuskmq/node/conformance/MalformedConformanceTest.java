package io.tuskmq.node.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a broker process answers to packets that it must not accept. */
class MalformedConformanceTest extends BrokerTest {
    private static final byte[] NONE = Packets.properties();
    private static final byte[] ID = Packets.string("malformed");
    private static final byte[] BAD_UTF8 = Packets.binary(new byte[] {(byte) 0xC0, (byte) 0xAF});

    /**
     * [MQTT-3.1.4-1] [MQTT-3.2.2-6] [MQTT-4.8.0-1] [MQTT-3.1.2-9] [MQTT-3.1.2-11] [MQTT-3.1.2-18] [MQTT-3.1.2-19] [MQTT-3.1.2-20]
     * [MQTT-3.1.2-21] [MQTT-3.1.3-1] [MQTT-3.1.3-3]
     */
    @Test
    void malformedConnectClosesWithoutConnAck() throws IOException {
        byte[] text = Packets.string("x");
        List<byte[]> connects = List.of(
                Packets.connect4(0x02, 0), // no client id
                Packets.connect4(0x06, 0, ID), // will without topic and message
                Packets.connect4(0x06, 0, ID, text), // will without message
                Packets.connect4(0x02, 0, ID, text, text), // a will without its flag, or a name without its
                Packets.connect4(0x0A, 0, ID), // will QoS without will
                Packets.connect4(0x22, 0, ID), // will retain without will
                Packets.connect4(0x82, 0, ID), // no user name
                Packets.connect4(0xC2, 0, ID, text), // no password
                Packets.connect4(0x82, 0, ID, text, text)); // a password without its flag
        for (byte[] connect : connects) {
            RawClient client = open();
            client.sendToTheEnd(connect);
            assertEquals(Optional.empty(), client.readOrEnd(), Packets.hexOf(connect));
        }
    }

    /**
     * [MQTT5-3.1.4-1] [MQTT5-3.1.4-2] [MQTT5-3.2.2-7] [MQTT5-3.2.2-1] [MQTT5-3.14.0-1] [MQTT5-3.1.2-1] [MQTT5-3.1.2-9] [MQTT5-3.1.2-11]
     * [MQTT5-3.1.2-13] [MQTT5-3.1.2-16] [MQTT5-3.1.2-17] [MQTT5-3.1.2-18] [MQTT5-3.1.2-19] [MQTT5-3.1.3-1] [MQTT5-3.1.3-3]
     * [MQTT5-3.1.3-4] [MQTT5-3.1.3-8] [MQTT5-3.1.3-11] [MQTT5-3.1.3-12] [MQTT5-3.1.4-6]
     */
    @OnOneAndTwoNodes("AB")
    void malformedConnectOfVersion5IsRefused() throws IOException {
        RawClient watcher = subscriber("bad5-w", "bad5", 0);
        byte[] text = Packets.string("x");
        List<byte[]> connects = List.of(
                Packets.packet(0x10, Packets.string("MQTX"), Packets.hex("05 02 0000 00"), ID),
                Packets.connect5(0x02, 0, NONE),
                Packets.connect5(0x06, 0, NONE, ID, NONE),
                Packets.connect5(0x0A, 0, NONE, ID),
                Packets.connect5(0x22, 0, NONE, ID),
                Packets.connect5(0x02, 0, NONE, ID, text),
                Packets.connect5(0x82, 0, NONE, ID),
                Packets.connect5(0x42, 0, NONE, ID),
                Packets.connect5(0x82, 0, NONE, ID, text, text),
                Packets.connect5(0x02, 0, NONE, BAD_UTF8),
                Packets.connect5(0x06, 0, NONE, ID, NONE, BAD_UTF8, text),
                Packets.connect5(0x82, 0, NONE, ID, BAD_UTF8));
        for (byte[] connect : connects) {
            RawClient client = open();
            client.sendToTheEnd(connect);
            client.sendToTheEnd(Packets.publishV5(0, 0, "bad5", NONE, "must not be processed"));
            Optional<RawClient.Packet> answer = client.readOrEnd();
            if (answer.isPresent()) {
                String hex = answer.get().hex();
                assertEquals("20 00", hex.substring(0, 5), Packets.hexOf(connect));
                assertTrue(answer.get().u8(1) >= 0x80, hex);
                assertTrue(client.readOrEnd().isEmpty(), Packets.hexOf(connect));
            }
        }
        connected(Packets.connect("bad5-p")).send(Packets.publish(0, 0, "bad5", "marker"));
        assertEquals("bad5=marker", got(watcher).text());
    }

    /** [MQTT5-3.1.2-2] [MQTT5-3.1.0-1] */
    @Test
    void unknownVersionsAndOtherFirstPacketsCloseTheConnection() throws IOException {
        RawClient version = open();
        version.send(Packets.packet(0x10, Packets.string("MQTT"), Packets.hex("06 02 0000 00"), ID));
        Optional<RawClient.Packet> answer = version.readOrEnd();
        assertTrue(answer.isEmpty() || List.of(0x84, 0x01).contains(answer.get().u8(1)), answer::toString);
        assertTrue(answer.isEmpty() || version.readOrEnd().isEmpty());
        RawClient first = open();
        first.sendToTheEnd(Packets.publishV5(0, 0, "a", NONE, "x"));
        assertTrue(first.readOrEnd().isEmpty());
    }

    /**
     * [MQTT5-2.1.3-1] [MQTT5-3.6.1-1] [MQTT5-3.8.1-1] [MQTT5-3.10.1-1] [MQTT5-3.14.1-1] [MQTT5-3.15.1-1] [MQTT5-4.13.1-1]
     * [MQTT5-4.13.2-1] [MQTT5-3.14.2-2] [MQTT5-3.14.4-1] [MQTT5-3.14.4-2] [MQTT5-4.12.0-7]
     */
    @Test
    void wrongFlagsEndTheConnectionWithAReason() throws IOException {
        byte[] filter = Packets.string("a");
        List<byte[]> packets = List.of(
                Packets.packet(0x80, Packets.u16(1), NONE, filter, Packets.u8(0)),
                Packets.packet(0xA0, Packets.u16(1), NONE, filter),
                Packets.packet(0x60, Packets.u16(1)),
                Packets.packet(0x36, filter, Packets.u16(1), NONE),
                Packets.hex("e1 00"),
                Packets.hex("f1 00"),
                Packets.hex("f0 00"),
                Packets.hex("c1 00"));
        for (byte[] packet : packets) {
            assertEndsWithReason(packet);
        }
    }

    /** [MQTT5-3.8.3-1] [MQTT5-3.10.3-1] [MQTT5-3.3.2-1] [MQTT5-3.3.2-13] [MQTT5-3.3.2-19] [MQTT5-1.5.7-1] [MQTT5-1.5.4-1] */
    @Test
    void illFormedStringsEndTheConnectionWithAReason() throws IOException {
        byte[] topic = Packets.string("a");
        List<byte[]> packets = List.of(
                Packets.packet(0x82, Packets.u16(1), NONE, BAD_UTF8, Packets.u8(0)),
                Packets.packet(0xA2, Packets.u16(1), NONE, BAD_UTF8),
                Packets.packet(0x30, BAD_UTF8, NONE),
                Packets.packet(0x30, topic, Packets.properties(Packets.property(0x08, BAD_UTF8))),
                Packets.packet(0x30, topic, Packets.properties(Packets.property(0x03, BAD_UTF8))),
                Packets.packet(0x30, topic, Packets.properties(Packets.hex("26"), topic, BAD_UTF8)),
                Packets.packet(0x30, topic, Packets.properties(Packets.hex("26"), BAD_UTF8, topic)));
        for (byte[] packet : packets) {
            assertEndsWithReason(packet);
        }
        RawClient old = connected(Packets.connect("ill4"));
        old.sendToTheEnd(Packets.packet(0xA2, Packets.u16(1), BAD_UTF8)); // [MQTT-3.10.3-1]
        assertTrue(old.readOrEnd().isEmpty());
    }

    /** [MQTT5-3.3.2-7]: a new connection begins without aliases. */
    @Test
    void topicAliasesEndWithTheConnection() throws IOException {
        byte[] alias = Packets.properties(Packets.property(0x23, Packets.u16(1)));
        RawClient first = connected(Packets.connectV5("alias"));
        first.send(Packets.publishV5(1, 1, "alias", alias, "x"));
        assertEquals(4, first.read().type());
        disconnect(first);
        assertEndsWithReason(Packets.publishV5(0, 0, "", alias, "y"));
    }

    private void assertEndsWithReason(byte[] packet) throws IOException {
        RawClient client = connected(Packets.connectV5("reason"));
        client.sendToTheEnd(packet);
        RawClient.Packet last = client.readOrEnd().orElseThrow(() -> new AssertionError(Packets.hexOf(packet)));
        assertEquals(0xE0, last.first(), () -> Packets.hexOf(packet) + " got " + last);
        assertTrue(last.u8(0) >= 0x80, last::toString);
        assertTrue(
                last.body().length == 1 || last.u8(1) == 0 || last.u8(2) == 0x1F,
                last::toString); // no expiry, at most a reason
        assertTrue(client.readOrEnd().isEmpty());
    }
}
