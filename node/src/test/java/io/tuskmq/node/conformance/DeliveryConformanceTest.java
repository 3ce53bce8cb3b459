package io.tuskmq.node.conformance;

import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.hexOf;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.publishV5;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.u32;
import static io.tuskmq.node.mqtt.Packets.u8;
import static io.tuskmq.node.mqtt.Packets.userProperty;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.time.Duration;

/** What one client publishes and another one gets. That something does not come is shown by what the same publisher sends after it. */
class DeliveryConformanceTest extends BrokerTest {
    private static final byte[] NONE = properties();
    private static final int MESSAGE_EXPIRY = 0x02;
    private static final int SUBSCRIPTION_ID = 0x0B;
    private static final int SESSION_EXPIRY = 0x11;
    private static final int WILL_DELAY = 0x18;
    private static final int NO_LOCAL = 0x04;
    private static final int RETAIN_AS_PUBLISHED = 0x08;
    private static final int REFUSED = 0x80;
    private static final long ROUTE_NANOS_MAX = 30_000_000_000L;

    /** [MQTT-3.3.2-3] [MQTT5-3.3.2-3] [MQTT-4.7.3-4] [MQTT5-4.7.3-4] [MQTT-1.5.3-3] [MQTT5-1.5.4-3] */
    @OnOneAndTwoNodes("AB")
    void whatComesMatchesTheFilterCharacterByCharacter() throws IOException {
        RawClient client = subscriber("match", "match/+/\uFEFFx", 1);
        RawClient publisher = connected(Packets.connect("match-p"));
        int packetId = 1;
        for (String other : new String[] {
            "match/a/x", "match/a/\uFEFFX", "Match/a/\uFEFFx", "match/a/b/\uFEFFx", "match/\uFEFFx", "/match/a/\uFEFFx"
        }) {
            publishAcked(publisher, packetId++, other, "other");
        }
        publishAcked(publisher, packetId, "match//\uFEFFx", "this");
        assertEquals("match//\uFEFFx=this", got(client).text());
    }

    /** [MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT5-3.10.4-1] [MQTT5-3.10.4-2] */
    @OnOneAndTwoNodes("AB")
    void afterUnsubscribeNothingMoreOfAnothersComes() throws IOException {
        RawClient client = subscriber("left", "left/a", 1);
        subscribed(client, "left/b", 1);
        RawClient publisher = connected(Packets.connect("left-p"));
        publishAcked(publisher, 1, "left/a", "still");
        Got still = got(client);
        assertEquals("left/a=still", still.text());
        client.send(Packets.pubAck(still.packetId()));
        client.send(Packets.unsubscribe(5, "left/a"));
        assertEquals("b0 00 05", client.read().hex());
        publishAcked(publisher, 2, "left/a", "gone");
        publishAcked(publisher, 3, "left/b", "there");
        assertEquals("left/b=there", got(client).text());
    }

    /** [MQTT5-3.8.3-3] [MQTT5-3.3.1-12] [MQTT5-3.3.1-13] */
    @OnOneAndTwoNodes("AB")
    void noLocalLeavesOutNobodyElsesMessages() throws IOException {
        RawClient client = connected(Packets.connectV5("local"));
        subscribe(client, 1, NONE, "local/own", NO_LOCAL);
        subscribe(client, 2, NONE, "local/rap", RETAIN_AS_PUBLISHED);
        subscribe(client, 3, NONE, "local/plain", 0);
        RawClient publisher = connected(Packets.connectV5("local-p"));
        awaitRoutes(publisher, client, "local/own", "local/rap", "local/plain");
        client.send(publishV5(1, 1, "local/own", NONE, "mine"));
        assertEquals("40 00 01", client.read().hex().substring(0, 8));
        for (String topic : new String[] {"local/own", "local/rap", "local/plain"}) {
            byte[] retained = publishV5(0, 0, topic, NONE, "another's");
            retained[0] |= 1;
            publisher.send(retained);
        }
        byte[] asPublished = publishV5(0, 0, "local/rap", NONE, "another's");
        asPublished[0] |= 1;
        assertEquals(
                hexOf(publishV5(0, 0, "local/own", NONE, "another's")),
                client.read().wire());
        assertEquals(hexOf(asPublished), client.read().wire());
        assertEquals(
                hexOf(publishV5(0, 0, "local/plain", NONE, "another's")),
                client.read().wire());
    }

    /** [MQTT5-3.3.2-4] [MQTT5-3.3.2-15] [MQTT5-3.3.2-16] [MQTT5-3.3.2-17] [MQTT5-3.3.2-18] [MQTT5-3.3.2-20] */
    @OnOneAndTwoNodes("AB")
    void anothersPropertiesComeUnaltered() throws IOException {
        RawClient client = connected(Packets.connectV5("alike"));
        subscribe(client, 1, NONE, "alike", 1);
        RawClient publisher = connected(Packets.connectV5("alike-p"));
        awaitRoutes(publisher, client, "alike");
        byte[] properties = properties(
                property(0x01, u8(1)),
                property(0x03, string("text/plain")),
                property(0x08, string("answer/here")),
                property(0x09, Packets.binary(new byte[] {0, 1, (byte) 0xFF})),
                userProperty("b", "1"),
                userProperty("a", "2"),
                userProperty("b", "0"));
        for (int qos = 0; qos <= 1; qos++) {
            publisher.send(publishV5(qos, 7, "alike", properties, "x"));
            String hex = client.read().hex();
            for (byte[] kept : new byte[][] {
                property(0x01, u8(1)),
                property(0x03, string("text/plain")),
                property(0x08, string("answer/here")),
                property(0x09, Packets.binary(new byte[] {0, 1, (byte) 0xFF}))
            }) {
                assertTrue(hex.contains(hexOf(kept)), hex);
            }
            int first = hex.indexOf(hexOf(userProperty("b", "1")));
            int second = hex.indexOf(hexOf(userProperty("a", "2")));
            int third = hex.indexOf(hexOf(userProperty("b", "0")));
            assertTrue(first > 0 && first < second && second < third, hex);
        }
    }

    /** [MQTT5-3.3.4-3] [MQTT5-3.3.4-4] */
    @OnOneAndTwoNodes("AB")
    void anothersMessageComesWithAllMatchingSubscriptionIdentifiers() throws IOException {
        RawClient client = connected(Packets.connectV5("both"));
        subscribe(client, 1, properties(property(SUBSCRIPTION_ID, u8(7))), "both/#", 0);
        subscribe(client, 2, properties(property(SUBSCRIPTION_ID, u8(9))), "both/+", 0);
        RawClient publisher = connected(Packets.connectV5("both-p"));
        awaitRoutes(publisher, client, "both/a", "both/a/b");
        publisher.send(publishV5(0, 0, "both/a", NONE, "once"));
        publisher.send(publishV5(0, 0, "both/a/b", NONE, "after it"));
        String hex = client.read().hex();
        assertTrue(hex.contains("04 0b 07 0b 09") || hex.contains("04 0b 09 0b 07"), hex);
        assertTrue(client.read().hex().contains("02 0b 07"));
    }

    /** [MQTT5-3.3.2-5] [MQTT5-3.3.2-6] */
    @OnOneAndTwoNodes("ABB")
    void whatWaitsIsPassedOnWithLessTimeOrNotAtAll() throws IOException {
        byte[] connect = connect5(0, 0, properties(property(SESSION_EXPIRY, u32(600))), string("wait"));
        RawClient first = connected(connect);
        subscribe(first, 1, NONE, "wait", 1);
        first.send(Packets.DISCONNECT);
        first.readToTheEnd();
        RawClient publisher = connected(Packets.connectV5("wait-p"));
        publish(publisher, 1, properties(property(MESSAGE_EXPIRY, u32(1))), "wait", "too long");
        publish(publisher, 2, properties(property(MESSAGE_EXPIRY, u32(600))), "wait", "not too long");
        idle(publisher, Duration.ofMillis(2_100));
        RawClient.Packet got = connected(connect).read();
        assertTrue(got.hex().endsWith(hexOf(Packets.hex("'not too long'"))), got::toString);
        int expiryAt = 2 + got.u16(0) + 2 + 1; // after topic, packet id and the properties' length
        assertEquals(MESSAGE_EXPIRY, got.u8(expiryAt), got::toString);
        int left = (got.u16(expiryAt + 1) << 16) | got.u16(expiryAt + 3);
        assertTrue(left > 500 && left <= 598, left + " s of 600 are left");
    }

    /** [MQTT5-3.1.3-9] [MQTT5-3.1.2-8] */
    @OnOneAndTwoNodes("ABBA")
    void comingBackWithinTheDelayStopsTheWill() throws IOException {
        RawClient watcher = connected(Packets.connectV5("delay-w"));
        subscribe(watcher, 1, NONE, "delay/+", 1);
        delayed("delay-back", 5).abort();
        delayed("delay-away", 1).abort();
        delayed("delay-back", 5).ping();
        delayed("delay-mark", 6).abort(); // when it comes, the time of the will that was stopped is over
        String hex = watcher.read().hex();
        assertTrue(hex.endsWith(hexOf(Packets.hex("'delay-away'"))), hex);
        String next = watcher.read().hex();
        assertTrue(next.endsWith(hexOf(Packets.hex("'delay-mark'"))), next);
    }

    /** With a session that stays, and a will that waits so long; topic and payload are the client id. */
    private RawClient delayed(String clientId, int delaySeconds) throws IOException {
        return connected(connect5(
                0x0C,
                0,
                properties(property(SESSION_EXPIRY, u32(60))),
                string(clientId),
                properties(property(WILL_DELAY, u32(delaySeconds))),
                string("delay/" + clientId),
                string(clientId)));
    }

    /** [MQTT5-4.1.0-1] */
    @OnOneAndTwoNodes("AB")
    void aSessionStaysWhileItsClientIsConnected() throws IOException {
        RawClient client = connected(connect5(0, 0, properties(property(SESSION_EXPIRY, u32(1))), string("stay")));
        subscribe(client, 1, NONE, "stay", 1);
        RawClient publisher = connected(Packets.connectV5("stay-p"));
        idle(publisher, Duration.ofMillis(1_500));
        publish(publisher, 1, NONE, "stay", "after its expiry");
        assertEquals(3, client.read().type());
    }

    /** [MQTT5-4.8.2-3] */
    @OnOneAndTwoNodes("ABB")
    void aSharedSubscriptionKeepsToTheGrantedQos() throws IOException {
        RawClient zero = connected(Packets.connectV5("granted-0"));
        subscribe(zero, 1, NONE, "$share/granted/granted", 0);
        RawClient one = connected(Packets.connectV5("granted-1"));
        subscribe(one, 1, NONE, "$share/granted/granted", 1);
        RawClient publisher = connected(Packets.connectV5("granted-p"));
        for (int i = 1; i <= 8; i++) {
            publisher.send(publishV5(2, i, "granted", NONE, "m" + i));
            assertEquals(5, publisher.read().type());
        }
        assertEquals(0x30, zero.read().first());
        assertEquals(0x32, one.read().first());
    }

    /** [MQTT5-4.8.2-4] [MQTT5-4.8.2-5] */
    @OnOneAndTwoNodes("AABB")
    void qos2UnderWayStaysWithItsMember() throws IOException {
        byte[] connect = connect5(0, 0, properties(property(SESSION_EXPIRY, u32(600))), string("half"));
        RawClient member = connected(connect);
        subscribe(member, 1, NONE, "$share/half/half", 2);
        RawClient publisher = connected(Packets.connectV5("half-p"));
        publisher.send(publishV5(2, 1, "half", NONE, "first"));
        assertEquals(5, publisher.read().type());
        RawClient.Packet sent = member.read();
        RawClient other = connected(Packets.connectV5("half-other"));
        subscribe(other, 1, NONE, "$share/half/half", 2);
        member.abort();
        RawClient back = connected(connect);
        RawClient.Packet again = back.read();
        assertEquals(0x3C, again.first(), again::toString); // DUP, QoS 2
        assertEquals(sent.u16(2 + sent.u16(0)), again.u16(2 + again.u16(0)), "its packet id");
        // Its session ends with the message under way: another one comes to the other member, and that one alone.
        back.send(Packets.packet(0xE0, u8(0), properties(property(SESSION_EXPIRY, u32(0)))));
        back.readToTheEnd();
        publisher.send(publishV5(2, 2, "half", NONE, "second"));
        assertEquals(5, publisher.read().type());
        String hex = other.read().hex();
        assertTrue(hex.endsWith(hexOf(Packets.hex("'second'"))), hex);
    }

    /** [MQTT5-4.8.2-6] */
    @OnOneAndTwoNodes("ABB")
    void whatAMemberRefusedGoesToNoOther() throws IOException {
        RawClient refuses = connected(Packets.connectV5("refusing"));
        subscribe(refuses, 1, NONE, "$share/refusing/refusing", 1);
        RawClient publisher = connected(Packets.connectV5("refusing-p"));
        publish(publisher, 1, NONE, "refusing", "refused");
        RawClient.Packet got = refuses.read();
        RawClient other = connected(Packets.connectV5("refusing-other"));
        subscribe(other, 1, NONE, "$share/refusing/refusing", 1);
        refuses.send(Packets.packet(0x40, Packets.u16(got.u16(2 + got.u16(0))), u8(REFUSED)));
        refuses.ping();
        disconnect(refuses);
        publish(publisher, 2, NONE, "refusing", "another");
        String hex = other.read().hex();
        assertTrue(hex.endsWith(hexOf(Packets.hex("'another'"))), hex);
    }

    private static void subscribe(RawClient client, int packetId, byte[] properties, String filter, int options)
            throws IOException {
        client.send(Packets.subscribeV5(packetId, properties, filter, options));
        assertEquals(
                "90 00 0" + packetId + " 00 0" + (options & 3), client.read().hex());
    }

    /** A SUBACK waits only so long for the other node to know the route, without which a message of QoS 0 is lost: until one comes. */
    private static void awaitRoutes(RawClient publisher, RawClient subscriber, String... topics) throws IOException {
        for (String topic : topics) {
            long start = System.nanoTime();
            boolean came = false;
            while (!came) {
                assertTrue(System.nanoTime() - start < ROUTE_NANOS_MAX, () -> "no route for " + topic);
                publisher.send(publishV5(0, 0, topic, NONE, "probe"));
                idle(publisher, Duration.ofMillis(20));
                subscriber.send(Packets.packet(0xC0));
                for (int type = subscriber.read().type();
                        type != 13;
                        type = subscriber.read().type()) {
                    came = true;
                }
            }
            publisher.send(publishV5(0, 0, topic, NONE, "last probe"));
            String last = hexOf(Packets.hex("'last probe'"));
            for (String hex = ""; !hex.endsWith(last); ) {
                hex = subscriber.read().hex();
            }
        }
    }

    /** With QoS 1; waits for the PUBACK. */
    private static void publish(RawClient client, int packetId, byte[] properties, String topic, String payload)
            throws IOException {
        client.send(publishV5(1, packetId, topic, properties, payload));
        assertEquals("40 00 0" + packetId, client.read().hex().substring(0, 8));
    }

    /** Time passes at the broker, whose clock is the database's. */
    private static void idle(RawClient client, Duration time) throws IOException {
        long start = System.nanoTime();
        do {
            client.ping();
            java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
        } while (System.nanoTime() - start < time.toNanos());
    }
}
