package io.tuskmq.node.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Acknowledgements, windows and properties of MQTT 5, packet by packet. */
class FlowConformanceTest extends BrokerTest {
    private static final byte[] NONE = Packets.properties();

    /** [MQTT-3.3.4-1] [MQTT5-3.3.4-1] [MQTT-7.1.1-1] [MQTT5-4.2.0-1] [MQTT-7.0.0-2] */
    @Test
    void publishIsAnsweredAsItsQosAsks() throws IOException {
        RawClient four = connected(Packets.connect("answer4"));
        RawClient five = connected(Packets.connectV5("answer5"));
        four.send(Packets.publish(0, 0, "answer", "x"));
        four.ping();
        four.send(Packets.publish(1, 1, "answer", "x"));
        assertEquals("40 00 01", four.read().hex());
        four.send(Packets.publish(2, 2, "answer", "x"));
        assertEquals("50 00 02", four.read().hex());
        five.send(Packets.publishV5(0, 0, "answer", NONE, "x"));
        five.ping();
        five.send(Packets.publishV5(1, 1, "answer", NONE, "x"));
        assertEquals("40 00 01", five.read().hex().substring(0, 8));
        five.send(Packets.publishV5(2, 2, "answer", NONE, "x"));
        assertEquals("50 00 02", five.read().hex().substring(0, 8));
    }

    /** [MQTT-2.2.2-1] */
    @Test
    void whatTheBrokerSendsHasTheFlagsOfTheTable() throws IOException {
        RawClient client = open();
        client.send(Packets.connect("flags"));
        assertEquals(0x20, client.read().first());
        client.send(Packets.subscribe(1, "flags", 2));
        assertEquals(0x90, client.read().first());
        client.send(Packets.publish(1, 2, "flags/other", "x"));
        assertEquals(0x40, client.read().first());
        client.send(Packets.publish(2, 3, "flags/other", "x"));
        assertEquals(0x50, client.read().first());
        client.send(Packets.pubRel(3));
        assertEquals(0x70, client.read().first());
        RawClient publisher = connected(Packets.connect("flags-p"));
        publisher.send(Packets.publish(2, 1, "flags", "x"));
        int id = packetId(client.read(), "x");
        client.send(Packets.pubRec(id));
        assertEquals(0x62, client.read().first());
        client.send(Packets.pubComp(id));
        client.send(Packets.unsubscribe(4, "flags"));
        assertEquals(0xB0, client.read().first());
        client.send(Packets.PINGREQ);
        assertEquals(0xD0, client.read().first());
    }

    /** [MQTT5-3.3.2-11] [MQTT5-3.1.2-27] */
    @Test
    void noTopicAliasComesAboveTheClientsMaximum() throws IOException {
        RawClient publisher = connected(Packets.connectV5("aliases-p"));
        for (int most = 0; most < 3; most++) {
            RawClient client =
                    connected(Packets.connectV5("aliases" + most, Packets.property(0x22, Packets.u16(most))));
            subscribe(client, 1, "aliases/" + most + "/+", 0);
            for (int i = 0; i < 9; i++) {
                publisher.send(Packets.publishV5(0, 0, "aliases/" + most + "/" + i % 4, NONE, "x"));
                int alias = topicAlias(client.read());
                assertTrue(0 <= alias && alias <= most, alias + " is above " + most);
            }
        }
    }

    /** 0 if it has none; it has no other property. */
    private static int topicAlias(RawClient.Packet publish) {
        assertEquals(3, publish.type(), publish::toString);
        int at = 2 + publish.u16(0);
        if (publish.u8(at) == 0) {
            return 0;
        }
        assertEquals(3, publish.u8(at), publish::toString);
        assertEquals(0x23, publish.u8(at + 1), publish::toString);
        return publish.u16(at + 2);
    }

    /** [MQTT5-2.2.1-2] [MQTT5-3.3.1-2] [MQTT5-4.3.1-1] */
    @Test
    void qos0IsSentWithoutPacketIdAndDup() throws IOException {
        RawClient client = connected(Packets.connectV5("zero5"));
        subscribe(client, 1, "zero5", 2);
        byte[] message = Packets.publishV5(0, 0, "zero5", NONE, "x");
        client.send(message);
        assertEquals(Packets.hexOf(message), client.read().wire());
    }

    /** [MQTT5-4.9.0-1] [MQTT5-4.9.0-2] [MQTT5-4.9.0-3] [MQTT5-3.3.4-9] [MQTT5-3.3.4-10] */
    @OnOneAndTwoNodes("AB")
    void receiveMaximumHoldsBackPublishAndNothingElse() throws IOException {
        RawClient client = connected(Packets.connectV5("window", Packets.property(0x21, Packets.u16(2))));
        subscribe(client, 1, "window", 1);
        RawClient publisher = connected(Packets.connect("window-p"));
        for (int i = 1; i <= 3; i++) {
            publishAcked(publisher, i, "window", "m" + i);
        }
        int first = packetId(client.read(), "m1");
        int second = packetId(client.read(), "m2");
        assertTrue(first > 0 && second > 0 && first != second);
        client.ping();
        subscribe(client, 2, "window/other", 1);
        client.send(Packets.publishV5(1, 9, "elsewhere", NONE, "x"));
        assertEquals("40 00 09", client.read().hex().substring(0, 8));
        client.send(Packets.pubAck(first));
        assertTrue(packetId(client.read(), "m3") > 0);
    }

    /** [MQTT5-4.4.0-2] [MQTT5-3.2.0-1] [MQTT5-3.2.0-2] [MQTT5-4.3.3-1] [MQTT5-4.3.3-3] */
    @OnOneAndTwoNodes("ABB")
    void refusedMessageIsNotSentAgain() throws IOException {
        byte[] connect = Packets.connect5(
                0x00, 0, Packets.properties(Packets.property(0x11, Packets.u32(600))), Packets.string("refuse"));
        RawClient client = connected(connect);
        subscribe(client, 1, "refuse", 2);
        RawClient publisher = connected(Packets.connect("refuse-p"));
        publishAcked(publisher, 1, "refuse", "one");
        publisher.send(Packets.publish(2, 2, "refuse", "two"));
        assertEquals("50 00 02", publisher.read().hex());
        publisher.send(Packets.publish(2, 3, "refuse", "three"));
        assertEquals("50 00 03", publisher.read().hex());
        client.send(Packets.packet(0x40, Packets.u16(packetId(client.read(), "one")), Packets.u8(0x80)));
        client.send(Packets.packet(0x50, Packets.u16(packetId(client.read(), "two")), Packets.u8(0x80)));
        int kept = packetId(client.read(), "three");
        client.ping(); // the refusals were read
        client.abort();
        RawClient back = connected(connect);
        RawClient.Packet again = back.read();
        assertEquals(0x3C, again.first(), again::toString); // DUP, QoS 2
        assertEquals(kept, packetId(again, "three"));
        back.ping();
    }

    /** [MQTT5-3.1.2-29]: asked for none, it adds neither reason string nor user property. */
    @Test
    void withoutProblemInformationAcknowledgementsAreBare() throws IOException {
        RawClient client = connected(Packets.connectV5("quiet", Packets.property(0x17, Packets.u8(0))));
        subscribe(client, 1, "quiet", 1);
        client.send(Packets.publishV5(1, 9, "nobody/subscribes", NONE, "x"));
        assertTrue("40 00 09 10 00".startsWith(client.read().hex()));
        client.send(Packets.pubRel(5)); // unknown: 0x92
        assertTrue("70 00 05 92 00".startsWith(client.read().hex()));
        client.send(Packets.unsubscribeV5(6, NONE, "never/subscribed"));
        assertEquals("b0 00 06 00 11", client.read().hex());
    }

    /** [MQTT5-3.1.3-10] [MQTT5-3.1.2-7] */
    @OnOneAndTwoNodes("AB")
    void propertiesOfAWillKeepTheirOrder() throws IOException {
        RawClient watcher = connected(Packets.connectV5("last-w"));
        subscribe(watcher, 1, "last", 0);
        byte[] properties = Packets.properties(
                Packets.userProperty("b", "1"), Packets.userProperty("a", "2"), Packets.userProperty("b", "0"));
        connected(Packets.connect5(
                        0x06,
                        0,
                        NONE,
                        Packets.string("last"),
                        properties,
                        Packets.string("last"),
                        Packets.string("died")))
                .abort();
        assertEquals(
                Packets.hexOf(Packets.publishV5(0, 0, "last", properties, "died")),
                watcher.read().wire());
    }

    private static void subscribe(RawClient client, int packetId, String filter, int qos) throws IOException {
        client.send(Packets.subscribeV5(packetId, NONE, filter, qos));
        assertEquals("90 00 0" + packetId + " 00 0" + qos, client.read().hex());
    }

    /** The packet id of a PUBLISH above QoS 0 with this payload. */
    private static int packetId(RawClient.Packet packet, String payload) {
        assertEquals(3, packet.type(), packet::toString);
        assertTrue(packet.hex().endsWith(Packets.hexOf(Packets.hex("'" + payload + "'"))), packet::toString);
        return packet.u16(2 + packet.u16(0));
    }
}
