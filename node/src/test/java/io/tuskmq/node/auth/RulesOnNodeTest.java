package io.tuskmq.node.auth;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.packet;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.string;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.TestNode;
import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Rules at a node: what clients may publish, subscribe to and receive. */
@ExtendWith(PostgresExtension.class)
class RulesOnNodeTest {
    private @Nullable TestNode node;

    private TestNode start(TestDatabase database, String... rules) throws SQLException {
        return start(database, new String[0], rules);
    }

    private TestNode start(TestDatabase database, String[] settings, String... rules) throws SQLException {
        for (String user : new String[] {"alice", "bob"}) {
            Knock.addUser(database, user, "secret");
        }
        for (String rule : rules) {
            Knock.addRule(database, rule);
        }
        String[] all = new String[settings.length + 2];
        System.arraycopy(settings, 0, all, 2, settings.length);
        all[0] = "auth.chain";
        all[1] = "users";
        node = new TestNode(database, all);
        return node;
    }

    @AfterEach
    void stop() {
        if (node != null) {
            node.close();
        }
    }

    private static RawClient v5(TestNode at, String clientId, String user) throws IOException {
        RawClient client = Knock.v5(at.port(), clientId, user, "secret");
        assertEquals(0, client.read().u8(1), "CONNACK");
        return client;
    }

    private static RawClient v3(TestNode at, String clientId, String user) throws IOException {
        RawClient client = Knock.v3(at.port(), clientId, user, "secret");
        assertEquals("20 00 00", client.read().hex(), "CONNACK");
        return client;
    }

    /** The reason code of the SUBACK. */
    private static int subscribe(RawClient client, String filter, int qos) throws IOException {
        client.send(Packets.subscribeV5(1, properties(), filter, qos));
        RawClient.Packet suback = client.read();
        assertEquals(9, suback.type(), suback::toString);
        return suback.u8(suback.body().length - 1);
    }

    /** The reason code of the PUBACK or PUBREC of an MQTT 5 client. */
    private static int publish(RawClient client, int qos, String topic) throws IOException {
        client.send(Packets.publishV5(qos, 7, topic, properties(), "x"));
        RawClient.Packet answer = client.read();
        assertEquals(qos == 1 ? 4 : 5, answer.type(), answer::toString);
        int reason = answer.body().length > 2 ? answer.u8(2) : 0;
        return reason == 0x10 ? 0 : reason; // nobody has subscribed: allowed all the same
    }

    private static String topic(RawClient client) throws IOException {
        RawClient.Packet packet = client.read();
        assertEquals(3, packet.type(), packet::toString);
        return new String(packet.body(), 2, packet.u16(0), StandardCharsets.UTF_8);
    }

    @Test
    void whatIsNotAllowedIsAnsweredSoAndReachesNobody(TestDatabase database) throws Exception {
        TestNode at = start(database, "allow publish own/%u/#", "allow subscribe # principal=bob");
        RawClient bob = v5(at, "b", "bob");
        assertEquals(0, subscribe(bob, "#", 0));
        RawClient alice = v5(at, "a", "alice");
        assertEquals(0x87, publish(alice, 1, "own/bob/x"));
        assertEquals(0x87, publish(alice, 2, "other"));
        alice.send(Packets.publishV5(0, 0, "other", properties(), "x"));
        assertEquals(0, publish(alice, 1, "own/alice/x"));
        assertEquals("own/alice/x", topic(bob), "the first that comes");
        alice.send(packet(0x33, string("own/alice/r"), Packets.u16(9), properties())); // retained
        assertEquals(0x87, alice.read().u8(2));
        assertEquals(0x87, subscribe(alice, "own/alice/#", 0));
        assertTrue(
                at.metrics().text().contains("tuskmq_denied_publishes_total 4\n"),
                at.metrics().text());
        assertTrue(at.metrics().text().contains("tuskmq_denied_subscriptions_total 1\n"));
    }

    @Test
    void anMqtt3ClientIsAcknowledgedAndItsMessageDropped(TestDatabase database) throws Exception {
        TestNode at = start(database, "allow publish ok", "allow subscribe # principal=bob");
        RawClient bob = v5(at, "b", "bob");
        assertEquals(0, subscribe(bob, "#", 0));
        RawClient alice = v3(at, "a", "alice");
        alice.send(Packets.publish(1, 1, "denied", "x"));
        assertEquals("40 00 01", alice.read().hex());
        alice.send(Packets.publish(2, 2, "denied", "x"));
        assertEquals("50 00 02", alice.read().hex());
        alice.send(Packets.pubRel(2));
        assertEquals("70 00 02", alice.read().hex());
        alice.send(Packets.publish(0, 0, "denied", "x"));
        alice.send(Packets.publish(0, 0, "ok", "x"));
        assertEquals("ok", topic(bob));
        alice.send(Packets.subscribe(3, "a", 1));
        assertEquals("90 00 03 80", alice.read().hex());
    }

    @Test
    void aDeniedPublishEndsTheConnectionWhereThatIsSet(TestDatabase database) throws Exception {
        TestNode at = start(database, new String[] {"acl.denied-publish", "disconnect"}, "allow publish ok");
        RawClient alice = v5(at, "a", "alice");
        alice.send(Packets.publishV5(0, 0, "denied", properties(), "x"));
        RawClient.Packet end = alice.read();
        assertEquals(14, end.type());
        assertEquals(0x87, end.u8(0));
        RawClient old = v3(at, "o", "alice");
        old.send(Packets.publish(1, 1, "denied", "x"));
        assertTrue(old.readOrEnd().isEmpty(), "closed");
    }

    @Test
    void aFilterThatCouldMatchWhatIsDeniedIsRefused(TestDatabase database) throws Exception {
        TestNode at = start(database, "deny subscribe a/secret", "allow subscribe a/#", "allow shared jobs");
        RawClient alice = v5(at, "a", "alice");
        assertEquals(1, subscribe(alice, "a/open", 1));
        assertEquals(0x87, subscribe(alice, "a/secret", 1));
        assertEquals(0x87, subscribe(alice, "a/+", 1));
        assertEquals(0x87, subscribe(alice, "a/#", 0));
        assertEquals(0x87, subscribe(alice, "+/open", 0));
        assertEquals(0x87, subscribe(alice, "#", 0));
        assertEquals(0, subscribe(alice, "a/+/+", 0));
        assertEquals(0x87, subscribe(alice, "$SYS/#", 0));
        assertEquals(0x87, subscribe(alice, "$share/g/a/open", 0), "not allowed to share");
        assertEquals(0x87, subscribe(alice, "$share/g/jobs", 0), "not allowed to subscribe");
    }

    @Test
    void aSubscriptionIsNarrowedWhereThatIsSet(TestDatabase database) throws Exception {
        String[] narrow = {"acl.subscribe-overlap", "narrow"};
        TestNode at = start(
                database,
                narrow,
                "deny subscribe a/secret principal=bob",
                "allow all a/#",
                "allow shared,subscribe s/+");
        RawClient alice = v5(at, "a", "alice");
        alice.send(packet(0x33, string("a/secret"), Packets.u16(1), properties(), Packets.u8('r')));
        alice.read();
        alice.send(packet(0x33, string("a/kept"), Packets.u16(2), properties(), Packets.u8('r')));
        alice.read();
        RawClient bob = v5(at, "b", "bob");
        assertEquals(0, subscribe(bob, "#", 0));
        assertEquals("a/kept", topic(bob), "the retained one that it may have");
        assertEquals(0x87, subscribe(bob, "a/secret", 0), "nothing is left of it");
        assertEquals(0x87, subscribe(bob, "$share/g/a/#", 0), "a group is never narrowed");
        assertEquals(0, publish(alice, 1, "a/secret"));
        assertEquals(0, publish(alice, 1, "a/open"));
        assertEquals("a/open", topic(bob));
    }

    /** The log's way: QoS 1 to a stored session. */
    @Test
    void aStoredSubscriptionIsNarrowedToo(TestDatabase database) throws Exception {
        String[] narrow = {"acl.subscribe-overlap", "narrow"};
        TestNode at = start(database, narrow, "deny subscribe a/secret principal=bob", "allow all a/#");
        RawClient bob = Knock.stored(at.port(), "b", "bob", "secret");
        bob.read();
        bob.send(Packets.subscribe(1, "a/#", 1));
        assertEquals("90 00 01 01", bob.read().hex());
        RawClient alice = v5(at, "a", "alice");
        publish(alice, 1, "a/secret");
        publish(alice, 1, "a/live");
        assertEquals("a/live", topic(bob));
        bob.close();
        publish(alice, 1, "a/secret");
        publish(alice, 1, "a/later");
        RawClient again = Knock.stored(at.port(), "b", "bob", "secret");
        assertEquals("20 01 00", again.read().hex());
        String first = topic(again);
        assertEquals("a/later", first.equals("a/live") ? topic(again) : first);
    }

    @Test
    void aWillIsLookedAtWhenItComesAndWhenItFires(TestDatabase database) throws Exception {
        TestNode at = start(database, "allow subscribe #", "allow publish wills/#");
        RawClient refused = RawClient.connect(at.port());
        refused.send(withWill("w1", "elsewhere"));
        assertEquals("20 00 05", refused.read().hex());
        RawClient reader = v5(at, "r", "bob");
        subscribe(reader, "wills/#", 0);
        RawClient first = RawClient.connect(at.port());
        first.send(withWill("w2", "wills/a"));
        first.read();
        first.abort();
        assertEquals("wills/a", topic(reader));
        RawClient second = RawClient.connect(at.port());
        second.send(withWill("w3", "wills/b"));
        second.read();
        database.execute("DELETE FROM acl_rule WHERE topic = 'wills/#'");
        Knock.addRule(database, "allow publish wills/c");
        awaitRules(at, "wills/c");
        second.abort();
        RawClient third = RawClient.connect(at.port());
        third.send(withWill("w4", "wills/c"));
        third.read();
        third.abort();
        assertEquals("wills/c", topic(reader));
    }

    private static byte[] withWill(String clientId, String topic) {
        return connect4(0xC6, 0, string(clientId), string(topic), string("gone"), string("alice"), string("secret"));
    }

    /** Until the node has them: it may publish there. */
    private static void awaitRules(TestNode at, String allowedTopic) throws IOException {
        RawClient probe = v5(at, "probe", "alice");
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (publish(probe, 1, allowedTopic) != 0) {
            assertTrue(System.nanoTime() < until, "the rules don't come");
        }
    }

    @Test
    void aChangeOfRulesEndsSubscriptionsThatAreNotAllowedAnyMore(TestDatabase database) throws Exception {
        TestNode at = start(database, "allow all #");
        RawClient bob = Knock.stored(at.port(), "b", "bob", "secret");
        bob.read();
        bob.send(Packets.subscribe(1, "a/#", 1));
        bob.read();
        RawClient alice = v5(at, "a", "alice");
        subscribe(alice, "c", 0);
        database.execute("INSERT INTO acl_rule (position, allow, actions, topic, principal)"
                + " VALUES (-1, false, 'subscribe', 'a/secret', 'bob')");
        assertTrue(bob.readOrEnd().isEmpty(), "closed");
        assertEquals(0, publish(alice, 1, "a/secret"));
        assertEquals(0, publish(alice, 1, "a/open"));
        RawClient again = Knock.stored(at.port(), "b", "bob", "secret");
        assertEquals("20 01 00", again.read().hex());
        again.ping(); // its subscription rests: it may match what is denied
        again.send(Packets.subscribe(1, "a/open", 1));
        assertEquals("90 00 01 01", again.read().hex());
        publish(alice, 1, "a/open");
        assertEquals("a/open", topic(again));
    }

    @Test
    void aRowThatIsNoRuleChangesNothing(TestDatabase database) throws Exception {
        TestNode at = start(database, "allow publish ok");
        RawClient alice = v5(at, "a", "alice");
        database.execute("INSERT INTO acl_rule (allow, actions, topic) VALUES (true, 'all', 'a/#/b')");
        assertEquals(0, publish(alice, 1, "ok"));
        database.execute("DELETE FROM acl_rule WHERE topic = 'a/#/b'");
        Knock.addRule(database, "allow publish later");
        awaitRules(at, "later");
        assertEquals(0x87, publish(alice, 1, "a/x/b"));
    }

    @Test
    void withoutRulesAllIsAllowed(TestDatabase database) throws Exception {
        TestNode at = start(database);
        RawClient alice = v5(at, "a", "alice");
        assertEquals(1, subscribe(alice, "#", 1));
        assertEquals(0, publish(v5(at, "b", "bob"), 1, "x"));
    }
}
