package io.tuskmq.node.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Sessions and the two handshakes, packet by packet. */
class SessionConformanceTest extends BrokerTest {
    /**
     * [MQTT-3.1.2-4] [MQTT-3.1.2-6] [MQTT-3.1.4-3] [MQTT-3.1.4-4] [MQTT-3.2.2-1] [MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT-3.1.3-2]
     * [MQTT-4.1.0-1]
     */
    @OnOneAndTwoNodes("ABABA")
    void cleanSessionDecidesWhatIsResumed() throws IOException {
        assertEquals("20 00 00", connack(stored("phone")));
        assertEquals("20 01 00", connack(stored("phone")));
        assertEquals("20 00 00", connack(stored("another")));
        assertEquals("20 00 00", connack(Packets.connect("phone")));
        assertEquals("20 00 00", connack(stored("phone")));
    }

    private String connack(byte[] connect) throws IOException {
        RawClient client = open();
        client.send(connect);
        String answer = client.read().hex();
        disconnect(client);
        return answer;
    }

    /** [MQTT5-3.1.2-5] [MQTT5-3.1.2-6] [MQTT5-3.1.2-4] [MQTT5-3.1.4-4] [MQTT5-3.2.2-2] [MQTT5-3.2.2-3] [MQTT5-3.1.3-2] [MQTT5-3.1.4-5] */
    @OnOneAndTwoNodes("ABAB")
    void cleanStartDecidesWhatIsResumed() throws IOException {
        byte[] expiry = Packets.properties(Packets.property(0x11, Packets.u32(600)));
        byte[] resume = Packets.connect5(0x00, 0, expiry, Packets.string("five"));
        byte[] clean = Packets.connect5(0x02, 0, expiry, Packets.string("five"));
        assertEquals("20 00 00", connack(resume).substring(0, 8));
        assertEquals("20 01 00", connack(resume).substring(0, 8));
        assertEquals("20 00 00", connack(clean).substring(0, 8));
        assertEquals("20 01 00", connack(resume).substring(0, 8));
    }

    /** [MQTT-3.1.2-5] [MQTT-4.5.0-1] [MQTT-4.6.0-5] [MQTT-4.6.0-6] [MQTT-4.1.0-2] [MQTT5-4.5.0-1] [MQTT5-4.6.0-5] [MQTT5-4.6.0-6] I2 I6 */
    @OnOneAndTwoNodes("ABB")
    void keepsMessagesForAnOfflineSessionInOrder() throws IOException {
        disconnect(subscribed(connected(stored("away")), "away/#", 1));
        RawClient publisher = connected(Packets.connect("away-p"));
        for (int i = 1; i <= 20; i++) {
            publishAcked(publisher, i, "away/t", "m" + i);
        }
        RawClient back = connected(stored("away"));
        for (int i = 1; i <= 20; i++) {
            Got got = got(back);
            assertEquals("away/t=m" + i, got.text());
            assertEquals(1, got.qos());
            assertFalse(got.dup());
            assertTrue(got.packetId() > 0); // [MQTT-2.3.1-4] [MQTT5-2.2.1-4]
            back.send(Packets.pubAck(got.packetId()));
        }
        back.ping();
    }

    /** [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-2.3.1-3] [MQTT-4.3.2-1] [MQTT5-4.4.0-1] [MQTT5-3.3.1-1] [MQTT5-4.3.2-3] */
    @OnOneAndTwoNodes("ABBA")
    void sendsUnacknowledgedMessagesAgainOnResuming() throws IOException {
        RawClient first = subscribed(connected(stored("again")), "again", 1);
        publishAcked(connected(Packets.connect("again-p")), 1, "again", "x");
        Got sent = got(first);
        assertFalse(sent.dup()); // [MQTT5-4.3.2-2]
        first.abort();
        RawClient second = connected(stored("again"));
        assertEquals(new Got("again", "x", 1, true, false, sent.packetId()), got(second));
        second.send(Packets.pubAck(sent.packetId()));
        disconnect(second);
        connected(stored("again")).ping(); // nothing comes before the PINGRESP: it is done
    }

    /** [MQTT-4.3.3-1] [MQTT5-4.3.3-2] [MQTT5-4.3.3-4] [MQTT5-4.3.3-5] [MQTT5-4.3.3-6] [MQTT5-4.4.0-1] I3 */
    @OnOneAndTwoNodes("ABBA")
    void sendsPubRelAgainAndNotThePublishOnResuming() throws IOException {
        RawClient first = subscribed(connected(stored("rel")), "rel", 2);
        RawClient publisher = connected(Packets.connect("rel-p"));
        publisher.send(Packets.publish(2, 1, "rel", "x"));
        assertEquals("50 00 01", publisher.read().hex());
        publisher.send(Packets.pubRel(1));
        Got sent = got(first);
        assertEquals(new Got("rel", "x", 2, false, false, sent.packetId()), sent);
        first.send(Packets.pubRec(sent.packetId()));
        String pubRel = Packets.hexOf(Packets.pubRel(sent.packetId()));
        assertEquals(pubRel, first.read().wire());
        first.abort();
        RawClient second = connected(stored("rel"));
        assertEquals(pubRel, second.read().wire());
        second.send(Packets.pubComp(sent.packetId()));
        disconnect(second);
        connected(stored("rel")).ping();
    }

    /** [MQTT-4.3.3-2] [MQTT5-4.3.3-8] [MQTT5-4.3.3-10] [MQTT5-4.3.3-11] [MQTT5-4.3.3-12] [MQTT-2.3.1-6] [MQTT5-2.2.1-5] I3 */
    @OnOneAndTwoNodes("ABA")
    void repeatedQos2PublishIsDeliveredOnceUntilItsHandshakeEnds() throws IOException {
        RawClient subscriber = subscriber("once-s", "once", 0);
        RawClient publisher = connected(stored("once-p"));
        publisher.send(Packets.publish(2, 9, "once", "first"));
        assertEquals("50 00 09", publisher.read().hex());
        publisher.send(Packets.publish(2, 9, "once", "first"));
        assertEquals("50 00 09", publisher.read().hex());
        publisher.abort();
        RawClient back = connected(stored("once-p"));
        byte[] repeated = Packets.publish(2, 9, "once", "first");
        repeated[0] |= 8;
        back.send(repeated);
        assertEquals("50 00 09", back.read().hex());
        back.send(Packets.pubRel(9));
        assertEquals("70 00 09", back.read().hex());
        back.send(Packets.pubRel(9));
        assertEquals("70 00 09", back.read().hex());
        back.send(Packets.publish(2, 9, "once", "second"));
        assertEquals("50 00 09", back.read().hex());
        assertEquals("once=first", got(subscriber).text());
        assertEquals("once=second", got(subscriber).text());
    }

    /** [MQTT-4.3.2-2] [MQTT5-4.3.2-4] [MQTT5-4.3.2-5] [MQTT-3.3.1-3] [MQTT5-3.3.1-3]: DUP says nothing about the message. */
    @OnOneAndTwoNodes("AB")
    void afterPubAckTheSamePacketIdIsANewMessage() throws IOException {
        RawClient subscriber = subscriber("new-s", "new", 1);
        RawClient publisher = connected(Packets.connect("new-p"));
        publishAcked(publisher, 5, "new", "x");
        byte[] dup = Packets.publish(1, 5, "new", "x");
        dup[0] |= 8;
        publisher.send(dup);
        assertEquals("40 00 05", publisher.read().hex());
        Got one = got(subscriber);
        Got two = got(subscriber);
        assertEquals("new=x new=x", one.text() + " " + two.text());
        assertFalse(one.dup() || two.dup());
        assertTrue(one.packetId() != two.packetId()); // [MQTT5-4.3.2-1]: unused, both are unacknowledged
    }

    /** [MQTT-3.1.4-2] [MQTT5-3.1.4-3] [MQTT5-3.14.4-1] [MQTT5-3.14.4-2] [MQTT5-4.13.2-1] I5 */
    @OnOneAndTwoNodes("ABAB")
    void newerConnectionEndsTheOlder() throws IOException {
        RawClient old = connected(Packets.connectV5("twice"));
        RawClient newer = connected(Packets.connectV5("twice"));
        RawClient.Packet last = old.read();
        assertEquals(14, last.type());
        assertEquals(0x8E, last.u8(0));
        assertTrue(old.readOrEnd().isEmpty());
        newer.ping(); // [MQTT-3.12.4-1] [MQTT5-3.12.4-1]
        RawClient old3 = connected(Packets.connect("twice3"));
        connected(Packets.connect("twice3")).ping();
        assertTrue(old3.readOrEnd().isEmpty());
    }

    /** [MQTT-3.1.3-6] [MQTT5-3.1.3-6] [MQTT5-3.1.3-7] [MQTT5-3.2.2-16] */
    @OnOneAndTwoNodes("ABAB")
    void emptyClientIdGetsAUniqueOne() throws IOException {
        RawClient one = connected(Packets.connect(""));
        RawClient two = connected(Packets.connect(""));
        one.ping();
        two.ping();
        RawClient three = open();
        three.send(Packets.connectV5(""));
        RawClient four = open();
        four.send(Packets.connectV5(""));
        String first = three.read().hex();
        assertTrue(first.contains(" 12 00 "), first); // the property Assigned Client Identifier
        assertFalse(first.equals(four.read().hex()));
    }

    /** [MQTT-3.1.3-8] [MQTT-3.1.3-9] [MQTT-3.2.2-4] [MQTT-3.2.2-5] [MQTT-3.1.4-5] */
    @OnOneAndTwoNodes("ABB")
    void emptyClientIdWithoutCleanSessionIsRefused() throws IOException {
        RawClient watcher = subscriber("refused-w", "refused", 0);
        RawClient client = open();
        client.send(stored(""));
        client.sendToTheEnd(Packets.publish(0, 0, "refused", "must not be processed"));
        assertEquals("20 00 02", client.read().hex());
        assertTrue(client.readOrEnd().isEmpty());
        connected(Packets.connect("refused-p")).send(Packets.publish(0, 0, "refused", "marker"));
        assertEquals("refused=marker", got(watcher).text());
    }

    /** [MQTT-3.1.3-5] [MQTT5-3.1.3-5] */
    @Test
    void clientIdsOfLettersAndDigitsAreAccepted() throws IOException {
        connected(Packets.connect("a")).ping();
        connected(Packets.connect("abcdefghijklmnopqrstuvw")).ping();
        connected(Packets.connectV5("0123456789ABCDEFGHIJKLM")).ping();
        connected(Packets.connect("NOPQRSTUVWXYZxyz")).ping();
    }
}
