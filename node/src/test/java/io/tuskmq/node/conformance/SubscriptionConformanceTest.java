package io.tuskmq.node.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** SUBSCRIBE, UNSUBSCRIBE, retained messages and wills, packet by packet. */
class SubscriptionConformanceTest extends BrokerTest {
    /** [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-4] [MQTT-3.8.4-5] [MQTT-3.9.3-1] [MQTT-3.9.3-2] [MQTT-2.3.1-7] */
    @Test
    void oneSubAckAnswersAllFiltersInOrder() throws IOException {
        RawClient client = connected(Packets.connect("many"));
        client.send(Packets.packet(
                0x82,
                Packets.u16(300),
                Packets.string("many/a"),
                Packets.u8(2),
                Packets.string("many/b"),
                Packets.u8(0),
                Packets.string("many/#"),
                Packets.u8(1)));
        assertEquals("90 01 2c 02 00 01", client.read().hex());
    }

    /** [MQTT5-3.8.4-1] [MQTT5-3.8.4-2] [MQTT5-3.8.4-5] [MQTT5-3.8.4-6] [MQTT5-3.8.4-7] [MQTT5-3.9.3-1] [MQTT5-3.9.3-2] [MQTT5-2.2.1-6] */
    @Test
    void oneSubAckAnswersAllFiltersInOrderWithVersion5() throws IOException {
        RawClient client = connected(Packets.connectV5("many5"));
        client.send(Packets.packet(
                0x82,
                Packets.u16(300),
                Packets.properties(),
                Packets.string("many/a"),
                Packets.u8(2),
                Packets.string("many/b"),
                Packets.u8(0),
                Packets.string("many/#"),
                Packets.u8(1)));
        assertEquals("90 01 2c 00 02 00 01", client.read().hex()); // [MQTT5-2.2.2-1]
    }

    /** [MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] */
    @Test
    void unsubscribeDeletesEqualFiltersOnly() throws IOException {
        RawClient client = subscriber("un", "un/a", 0);
        subscribed(client, "un/b", 0);
        client.send(Packets.packet(0xA2, Packets.u16(5), Packets.string("un/+"), Packets.string("un/nothing")));
        assertEquals("b0 00 05", client.read().hex());
        client.send(Packets.packet(0xA2, Packets.u16(6), Packets.string("un/a"), Packets.string("UN/B")));
        assertEquals("b0 00 06", client.read().hex());
        client.send(Packets.publish(0, 0, "un/a", "gone"));
        client.send(Packets.publish(0, 0, "un/b", "there"));
        assertEquals("un/b=there", got(client).text());
        client.ping();
    }

    /** [MQTT5-3.10.4-1] [MQTT5-3.10.4-4] [MQTT5-3.10.4-5] [MQTT5-3.10.4-6] [MQTT5-3.11.3-1] [MQTT5-3.11.3-2] */
    @Test
    void unsubAckSaysWhatExisted() throws IOException {
        RawClient client = connected(Packets.connectV5("un5"));
        client.send(Packets.subscribeV5(1, Packets.properties(), "un5/a", 0));
        assertEquals("90 00 01 00 00", client.read().hex());
        client.send(Packets.packet(
                0xA2, Packets.u16(6), Packets.properties(), Packets.string("un5/x"), Packets.string("un5/a")));
        assertEquals("b0 00 06 00 11 00", client.read().hex());
    }

    /** [MQTT-3.10.4-3] [MQTT5-3.10.4-2] [MQTT5-3.10.4-3] */
    @OnOneAndTwoNodes("AB")
    void deliveryUnderWayIsCompletedAfterUnsubscribe() throws IOException {
        RawClient client = subscribed(connected(stored("under")), "under", 2);
        RawClient publisher = connected(Packets.connect("under-p"));
        publisher.send(Packets.publish(2, 1, "under", "x"));
        assertEquals("50 00 01", publisher.read().hex());
        Got got = got(client);
        client.send(Packets.unsubscribe(6, "under"));
        assertEquals("b0 00 06", client.read().hex());
        publishAcked(publisher, 2, "under", "too late");
        client.send(Packets.pubRec(got.packetId()));
        assertEquals(
                Packets.hexOf(Packets.pubRel(got.packetId())), client.read().wire());
        client.send(Packets.pubComp(got.packetId()));
        client.ping();
    }

    /** [MQTT-3.8.4-6] [MQTT5-3.8.4-8] */
    @OnOneAndTwoNodes("AAAB")
    void comesWithTheLowerOfPublishedAndGrantedQos() throws IOException {
        RawClient zero = subscriber("low0", "low", 0);
        RawClient one = subscriber("low1", "low", 1);
        RawClient two = subscriber("low2", "low", 2);
        RawClient publisher = connected(Packets.connect("low-p"));
        publishAcked(publisher, 1, "low", "one");
        assertEquals(0, got(zero).qos());
        assertEquals(1, got(one).qos());
        assertEquals(1, got(two).qos());
        publisher.send(Packets.publish(0, 0, "low", "zero"));
        assertEquals(
                new Got("low", "zero", 0, false, false, 0), got(two)); // [MQTT-3.3.1-2] [MQTT-4.3.1-1] [MQTT-2.3.1-5]
    }

    /** [MQTT-3.3.5-1] [MQTT5-3.3.4-2] */
    @OnOneAndTwoNodes("AB")
    void overlappingSubscriptionsDeliverWithTheHighestQos() throws IOException {
        RawClient client = subscriber("over", "over/#", 0);
        subscribed(client, "over/+", 2);
        subscribed(client, "over/a", 1);
        RawClient publisher = connected(Packets.connect("over-p"));
        publisher.send(Packets.publish(2, 1, "over/a", "x"));
        assertEquals("50 00 01", publisher.read().hex());
        Got first = got(client);
        assertEquals(2, first.qos());
        client.send(Packets.pubRec(first.packetId()));
        assertEquals(6, client.read().type()); // one copy: nothing else came before the PUBREL
    }

    /** [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT-3.3.1-8] [MQTT-3.3.1-9] [MQTT-3.3.1-12] [MQTT5-3.3.1-5] [MQTT5-3.3.1-8] */
    @OnOneAndTwoNodes("ABA")
    void newSubscriptionGetsTheLastRetainedMessages() throws IOException {
        RawClient watcher = subscriber("keep-w", "keep/#", 0);
        RawClient publisher = connected(Packets.connect("keep-p"));
        publisher.send(retained(1, 1, "keep/a", "old"));
        assertEquals("40 00 01", publisher.read().hex());
        publisher.send(retained(1, 2, "keep/a", "new"));
        assertEquals("40 00 02", publisher.read().hex());
        publisher.send(retained(0, 0, "keep/b", "zero"));
        publishAcked(publisher, 3, "keep/a", "not retained");
        for (String text : new String[] {"keep/a=old", "keep/a=new", "keep/b=zero", "keep/a=not retained"}) {
            Got got = got(watcher);
            assertEquals(text, got.text());
            assertEquals(false, got.retain());
        }
        awaitRetained("keep-s", "keep/#", Set.of("keep/a=new", "keep/b=zero"));
    }

    /** [MQTT-3.3.1-6] [MQTT5-3.3.1-9] Whatever became meanwhile of the subscription before it. */
    @OnOneAndTwoNodes("AB")
    void newSubscriptionGetsRetainedMessagesThoughTheOneBeforeHasGone() throws IOException {
        RawClient publisher = connected(Packets.connect("brief-p"));
        for (String topic : new String[] {"brief/a", "brief/b"}) {
            publisher.send(retained(1, 1, topic, "x"));
            assertEquals("40 00 01", publisher.read().hex());
        }
        RawClient client = connected(Packets.connect("brief"));
        for (byte[] end : new byte[][] {Packets.unsubscribe(2, "brief/a"), Packets.subscribe(2, "brief/a", 1)}) {
            // In one piece: the first one ends while its retained messages are looked for.
            ByteArrayOutputStream packets = new ByteArrayOutputStream();
            packets.writeBytes(Packets.subscribe(1, "brief/a", 0));
            packets.writeBytes(end);
            packets.writeBytes(Packets.subscribe(3, "brief/b", 0));
            client.send(packets.toByteArray());
            for (boolean came = false; !came; ) {
                RawClient.Packet packet = client.read();
                came = packet.type() == 3 && got(packet).text().equals("brief/b=x");
            }
            client.send(Packets.unsubscribe(4, "brief/b"));
            int type;
            do {
                type = client.read().type(); // what else comes of brief/a
            } while (type != 11);
        }
    }

    /** [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT5-3.3.1-6] [MQTT5-3.3.1-7] */
    @OnOneAndTwoNodes("ABB")
    void emptyRetainedMessageRemovesTheStoredOneAndIsDelivered() throws IOException {
        RawClient publisher = connected(Packets.connect("empty-p"));
        publisher.send(retained(1, 1, "empty/a", "x"));
        assertEquals("40 00 01", publisher.read().hex());
        RawClient watcher = subscriber("empty-w", "empty/#", 0);
        assertEquals("empty/a=x", got(watcher).text());
        publisher.send(retained(1, 2, "empty/a", ""));
        assertEquals("40 00 02", publisher.read().hex());
        assertEquals("empty/a=", got(watcher).text());
        subscriber("empty-s", "empty/#", 0).ping();
    }

    /** Subscribes and reads as many retained messages as expected (for RETAIN 1 and their texts). */
    private void awaitRetained(String clientId, String filter, Set<String> texts) throws IOException {
        RawClient client = subscriber(clientId, filter, 0);
        Set<String> found = new TreeSet<>();
        for (int i = 0; i < texts.size(); i++) {
            Got got = got(client);
            assertTrue(got.retain(), got::toString);
            found.add(got.text());
        }
        assertEquals(new TreeSet<>(texts), found);
        client.ping();
    }

    /** [MQTT-3.8.4-3] [MQTT5-3.8.4-3] */
    @OnOneAndTwoNodes("AB")
    void equalFilterReplacesTheSubscription() throws IOException {
        RawClient publisher = connected(Packets.connect("rep-p"));
        publisher.send(retained(1, 1, "rep", "kept"));
        assertEquals("40 00 01", publisher.read().hex());
        RawClient client = subscriber("rep", "rep", 1);
        Got first = got(client);
        assertEquals("rep=kept", first.text());
        client.send(Packets.pubAck(first.packetId()));
        subscribed(client, "rep", 0);
        assertEquals(new Got("rep", "kept", 0, false, true, 0), got(client)); // sent again, with the new QoS
        publishAcked(publisher, 2, "rep", "once");
        assertEquals(new Got("rep", "once", 0, false, false, 0), got(client));
        client.ping();
    }

    /** [MQTT-3.1.2-8] [MQTT-3.1.2-16] [MQTT-3.1.2-17] [MQTT-3.1.2-7] [MQTT5-3.1.2-8] [MQTT5-3.1.2-14] [MQTT5-3.1.2-15] I8 */
    @OnOneAndTwoNodes("ABBA")
    void willIsPublishedWhenTheConnectionBreaks() throws IOException {
        RawClient watcher = subscriber("will-w", "will/#", 1);
        connected(will("will-1", 0x0E, "will/plain")).abort();
        assertEquals("will/plain=died", got(watcher).text());
        connected(will("will-2", 0x2E, "will/kept")).abort();
        assertEquals("will/kept=died", got(watcher).text());
        awaitRetained("will-s", "will/#", Set.of("will/kept=died"));
    }

    /** [MQTT-3.14.4-3] [MQTT-3.1.2-10] [MQTT-3.1.2-12] [MQTT5-3.14.4-3] [MQTT5-3.1.2-10] */
    @OnOneAndTwoNodes("ABBB")
    void willIsDroppedByDisconnect() throws IOException {
        RawClient watcher = subscriber("drop-w", "drop", 1);
        disconnect(connected(will("drop-1", 0x0E, "drop")));
        connected(Packets.connect("drop-2")).abort();
        connected(will("drop-3", 0x06, "drop")).abort();
        Got got = got(watcher);
        assertEquals(0, got.qos()); // the third's: the first was dropped, the second had none
        watcher.ping();
    }

    private static byte[] will(String clientId, int flags, String topic) {
        return Packets.connect4(flags, 0, Packets.string(clientId), Packets.string(topic), Packets.string("died"));
    }

    /** [MQTT5-3.8.3-3] [MQTT5-3.3.1-12] [MQTT5-3.3.1-13] */
    @Test
    void noLocalAndRetainAsPublishedAreKept() throws IOException {
        RawClient client = connected(Packets.connectV5("opt"));
        client.send(Packets.subscribeV5(1, Packets.properties(), "opt/own", 0x04));
        client.send(Packets.subscribeV5(2, Packets.properties(), "opt/rap", 0x08));
        client.send(Packets.subscribeV5(3, Packets.properties(), "opt/plain", 0x00));
        for (int i = 1; i <= 3; i++) {
            assertEquals("90 00 0" + i + " 00 00", client.read().hex());
        }
        client.send(Packets.publishV5(0, 0, "opt/own", Packets.properties(), "mine"));
        byte[] rap = Packets.publishV5(0, 0, "opt/rap", Packets.properties(), "r");
        rap[0] |= 1;
        client.send(rap);
        byte[] plain = Packets.publishV5(0, 0, "opt/plain", Packets.properties(), "p");
        client.send(plain);
        assertEquals(Packets.hexOf(rap), client.read().wire());
        assertEquals(Packets.hexOf(plain), client.read().wire());
    }

    /** [MQTT5-3.3.1-9] [MQTT5-3.3.1-10] [MQTT5-3.3.1-11] [MQTT5-3.8.4-4] */
    @OnOneAndTwoNodes("AB")
    void retainHandlingIsKept() throws IOException {
        RawClient publisher = connected(Packets.connect("rh-p"));
        publisher.send(retained(1, 1, "rh", "x"));
        assertEquals("40 00 01", publisher.read().hex());
        RawClient client = connected(Packets.connectV5("rh"));
        byte[] message = Packets.publishV5(0, 0, "rh", Packets.properties(), "x");
        message[0] |= 1;
        String retained = Packets.hexOf(message);
        subscribe5(client, 1, 0x20);
        client.ping(); // 2: none
        subscribe5(client, 2, 0x10);
        client.ping(); // 1: the subscription is not new
        subscribe5(client, 3, 0x00);
        assertEquals(retained, client.read().wire());
        client.send(Packets.unsubscribeV5(4, Packets.properties(), "rh"));
        assertEquals("b0 00 04 00 00", client.read().hex());
        subscribe5(client, 5, 0x10);
        assertEquals(retained, client.read().wire());
    }

    private static void subscribe5(RawClient client, int packetId, int options) throws IOException {
        client.send(Packets.subscribeV5(packetId, Packets.properties(), "rh", options));
        assertEquals("90 00 0" + packetId + " 00 00", client.read().hex());
    }

    /** [MQTT5-3.3.2-4] [MQTT5-3.3.2-15] [MQTT5-3.3.2-16] [MQTT5-3.3.2-17] [MQTT5-3.3.2-18] [MQTT5-3.3.2-20] */
    @Test
    void propertiesArePassedOnUnaltered() throws IOException {
        RawClient client = connected(Packets.connectV5("prop"));
        client.send(Packets.subscribeV5(1, Packets.properties(), "prop", 0));
        assertEquals("90 00 01 00 00", client.read().hex());
        byte[] sent = Packets.publishV5(
                0,
                0,
                "prop",
                Packets.properties(
                        Packets.property(0x01, Packets.u8(1)),
                        Packets.property(0x03, Packets.string("text/plain")),
                        Packets.property(0x08, Packets.string("answer/here")),
                        Packets.property(0x09, Packets.binary(new byte[] {0, 1, (byte) 0xFF})),
                        Packets.userProperty("b", "1"),
                        Packets.userProperty("a", "2"),
                        Packets.userProperty("b", "0")),
                "x");
        client.send(sent);
        RawClient.Packet got = client.read();
        assertEquals(sent.length, Packets.packet(got.first(), got.body()).length, got::toString);
        String hex = got.hex();
        assertTrue(hex.contains(Packets.hexOf(Packets.property(0x01, Packets.u8(1)))), hex);
        assertTrue(hex.contains(Packets.hexOf(Packets.property(0x03, Packets.string("text/plain")))), hex);
        assertTrue(hex.contains(Packets.hexOf(Packets.property(0x08, Packets.string("answer/here")))), hex);
        assertTrue(hex.contains("09 00 03 00 01 ff"), hex);
        int first = hex.indexOf(Packets.hexOf(Packets.userProperty("b", "1")));
        int second = hex.indexOf(Packets.hexOf(Packets.userProperty("a", "2")));
        int third = hex.indexOf(Packets.hexOf(Packets.userProperty("b", "0")));
        assertTrue(first > 0 && first < second && second < third, hex);
    }

    /** [MQTT5-3.3.4-3] [MQTT5-3.3.4-4] */
    @Test
    void allMatchingSubscriptionIdentifiersCome() throws IOException {
        RawClient client = connected(Packets.connectV5("sid"));
        client.send(Packets.subscribeV5(1, Packets.properties(Packets.property(0x0B, Packets.u8(7))), "sid/#", 0));
        assertEquals("90 00 01 00 00", client.read().hex());
        client.send(Packets.subscribeV5(2, Packets.properties(Packets.property(0x0B, Packets.u8(9))), "sid/+", 0));
        assertEquals("90 00 02 00 00", client.read().hex());
        client.send(Packets.publishV5(0, 0, "sid/a", Packets.properties(), "x"));
        String hex = client.read().hex();
        assertTrue(hex.contains("04 0b 07 0b 09") || hex.contains("04 0b 09 0b 07"), hex);
        client.ping();
    }
}
