package io.tuskmq.node.auth;

import static io.tuskmq.node.auth.ScramClient.AGAIN;
import static io.tuskmq.node.auth.ScramClient.CONTINUE;
import static io.tuskmq.node.auth.ScramClient.auth;
import static io.tuskmq.node.auth.ScramClient.method;
import static io.tuskmq.node.mqtt.Packets.binary;
import static io.tuskmq.node.mqtt.Packets.concat;
import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.packet;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.u32;
import static io.tuskmq.node.mqtt.Packets.u8;
import static io.tuskmq.node.mqtt.Packets.userProperty;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.TestNode;
import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Enhanced authentication (MQTT 5, 4.12) with SCRAM-SHA-256 at a node that offers it. */
@ExtendWith(PostgresExtension.class)
@TestInstance(Lifecycle.PER_CLASS)
class ScramOnNodeTest {
    /** As by default. */
    private static final int AGAIN_PER_MINUTE = 10;

    private static final int AGAIN_MAX = 30;

    private TestNode node;

    @BeforeAll
    void start(TestDatabase database) throws SQLException {
        node = new TestNode(database, "auth.chain", "users", "auth.scram", "true");
        Knock.addScramUser(database, "alice", "secret");
        Knock.addScramUser(database, "bob", "secret");
        Knock.addUser(database, "old", "secret");
    }

    @AfterAll
    void stop() {
        node.close();
    }

    private ScramClient begin(String clientId, String user, String password, byte[]... more) throws IOException {
        return ScramClient.begin(node.port(), clientId, user, password, more);
    }

    private ScramClient connected(String clientId) throws Exception {
        return ScramClient.connected(node.port(), clientId, "alice", "secret");
    }

    /** [MQTT5-4.12.0-2] [MQTT5-4.12.0-5] [MQTT5-3.15.2-1] */
    @Test
    void whoProvesThePasswordComesInAndIsServed() throws Exception {
        ScramClient alice = connected("c1");
        alice.client.ping();
        alice.client.send(Packets.subscribeV5(1, properties(), "served", 0));
        alice.client.read();
        alice.client.send(Packets.publishV5(0, 0, "served", properties(), "x"));
        assertEquals(3, alice.client.read().type());
        assertEquals(0, Knock.v5(node.port(), "c2", "alice", "secret").read().u8(1), "the password works as before");
    }

    /** [MQTT5-4.12.0-4] Whoever it is that can't prove it hears the same. */
    @ParameterizedTest
    @ValueSource(strings = {"alice", "old", "nobody"})
    void whoCantProveItIsRefused(String user) throws Exception {
        ScramClient client = begin("refused-" + user, user, "wrong");
        client.answer();
        RawClient.Packet connack = client.client.readToTheEnd().orElseThrow();
        assertEquals("20 00 87", connack.hex().substring(0, 8));
        assertEquals(
                "unknown user, or wrong password",
                new String(ScramClient.properties5(connack, 2).get(0x1F), StandardCharsets.UTF_8));
    }

    /** A user of before the keys, and nobody: their salts stay the same, so that asking twice tells nothing. */
    @Test
    void aNameWithoutKeysIsAnsweredTheSameEachTime() throws Exception {
        for (String name : new String[] {"old", "nobody"}) {
            String once = salt(name);
            assertEquals(once, salt(name));
            assertTrue(once.endsWith(",i=600000"), once);
        }
        assertNotEquals(salt("nobody"), salt("nobody-else"));
    }

    private String salt(String name) throws IOException {
        ScramClient client = begin("salt", name, "x");
        String question = new String(client.asked(), StandardCharsets.UTF_8);
        client.client.close();
        return question.substring(question.indexOf(",s="));
    }

    @Test
    void theUserNameOfTheConnectMustBeTheSame() throws Exception {
        for (String name : new String[] {"alice", "bob"}) {
            ScramProof proof = new ScramProof("alice", "secret");
            RawClient client = RawClient.connect(node.port());
            client.send(connect5(
                    0x82,
                    0,
                    properties(method(ScramClient.METHOD), property(0x16, binary(proof.first()))),
                    string("named-" + name),
                    string(name)));
            byte[] question = ScramClient.data(client.read(), 1);
            client.send(auth(CONTINUE, proof.last(question)));
            assertEquals(name.equals("alice") ? 0 : 0x87, client.read().u8(1));
        }
    }

    /** [MQTT5-4.12.0-1] */
    @Test
    void anotherMethodIsNotOffered() throws IOException {
        RawClient client = RawClient.connect(node.port());
        client.send(connect5(0x02, 0, properties(method("SCRAM-SHA-1")), string("m1")));
        assertEquals("20 00 8c", client.readToTheEnd().orElseThrow().hex().substring(0, 8));
    }

    @Test
    void aClientWithoutDataIsAskedToBegin() throws Exception {
        RawClient client = RawClient.connect(node.port());
        client.send(connect5(0x02, 0, properties(method(ScramClient.METHOD)), string("waits")));
        RawClient.Packet asked = client.read();
        assertEquals("f0 18", asked.hex().substring(0, 5));
        ScramProof proof = new ScramProof("alice", "secret");
        client.send(auth(CONTINUE, proof.first()));
        client.send(auth(CONTINUE, proof.last(ScramClient.data(client.read(), 1))));
        assertEquals("20 00 00", client.read().hex().substring(0, 8));
    }

    /** [MQTT5-3.1.2-30] [MQTT5-3.2.0-1] Only AUTH or DISCONNECT; the answer is a CONNACK, for nothing else may come before it. */
    @Test
    void nothingButAuthMayComeBeforeTheConnack() throws Exception {
        ScramClient early = begin("early", "alice", "secret");
        early.asked();
        early.client.send(Packets.publishV5(0, 0, "early", properties(), "x"));
        assertEquals(0x82, early.refused());
        ScramClient leaves = begin("leaves", "alice", "secret");
        leaves.asked();
        leaves.client.send(Packets.DISCONNECT);
        assertEquals(Optional.empty(), leaves.client.readToTheEnd());
        connected("leaves").client.ping();
    }

    /** [MQTT5-4.12.0-3] [MQTT5-4.12.1-1] [MQTT5-3.15.2-1] */
    @Test
    void anAuthThatMayNotComeNowEndsTheExchange() throws Exception {
        byte[][] wrong = {
            auth(AGAIN, new byte[0]),
            auth(0, new byte[0]),
            packet(0xF0),
            packet(0xF0, u8(CONTINUE)),
            packet(0xF0, u8(CONTINUE), properties(method("OTHER"))),
            packet(0xF0, u8(CONTINUE), properties())
        };
        for (byte[] packet : wrong) {
            ScramClient client = begin("wrong", "alice", "secret");
            client.asked();
            client.client.send(packet);
            assertEquals(0x82, client.refused(), Packets.hexOf(packet));
        }
        ScramClient unknown = begin("wrong", "alice", "secret");
        unknown.asked();
        unknown.client.send(packet(0xF0, u8(0x17), properties(method(ScramClient.METHOD))));
        assertEquals(0x81, unknown.refused());
    }

    @Test
    void propertiesOfAuthAreReadAndChecked() throws Exception {
        ScramClient alice = begin("props", "alice", "secret");
        byte[] twice = property(0x1F, string("a"));
        alice.client.send(auth(CONTINUE, alice.lastOf(alice.asked()), twice, twice));
        assertEquals(0x82, alice.refused());
        ScramClient bob = begin("props", "bob", "secret");
        bob.asked();
        bob.client.send(auth(CONTINUE, new byte[0], property(0x11, u32(1))));
        assertEquals(0x81, bob.refused(), "a property that is not AUTH's");
        ScramClient again = connected("props");
        again.client.send(auth(
                AGAIN,
                new ScramProof("alice", "secret").first(),
                property(0x1F, string("because")),
                userProperty("a", "b")));
        again.asked();
    }

    /** [MQTT5-3.15.2-2] [MQTT5-3.15.2-3] Nothing that could be left out is in it; what is larger all the same is not sent. */
    @Test
    void anAuthIsNeverLargerThanTheClientTakes() throws Exception {
        ScramClient any = begin("sized", "alice", "secret");
        int bytes = Packets.packet(0xF0, any.client.read().body()).length;
        any.client.close();
        ScramClient fits = begin("sized", "alice", "secret", property(0x27, u32(bytes)));
        fits.asked();
        ScramClient tooLarge = begin("sized", "alice", "secret", property(0x27, u32(bytes - 1)));
        assertEquals(0x95, tooLarge.refused());
    }

    // --- re-authentication

    /** A node must not compute for one connection without end; who comes too often is ended, however slowly it is answered. */
    @Test
    void whoReauthenticatesTooOftenIsEnded() throws Exception {
        ScramClient often = connected("often");
        ScramClient other = connected("not-often");
        int allowed = 0;
        while (isAllowedAgain(often)) { // on a slow machine some are given back meanwhile
            allowed++;
            assertTrue(allowed < AGAIN_MAX, "never refused");
        }
        assertTrue(allowed >= AGAIN_PER_MINUTE, allowed + " were allowed");
        assertTrue(node.metrics().text().contains("tuskmq_reauthentications_refused_total 1\n"));
        other.beginAgain("alice", "secret"); // each connection has its own
        other.answer();
        other.provedAgain();
    }

    /** Whether it could prove itself again; otherwise it was ended. */
    private static boolean isAllowedAgain(ScramClient client) throws Exception {
        client.beginAgain("alice", "secret");
        RawClient.Packet packet = client.client.read();
        if (packet.type() == 14) {
            assertEquals(0x97, packet.u8(0));
            assertEquals(Optional.empty(), client.client.readToTheEnd());
            return false;
        }
        client.client.send(auth(CONTINUE, client.lastOf(ScramClient.data(packet, 1))));
        client.provedAgain();
        return true;
    }

    @Test
    void aClientProvesItselfAgainWhileItIsServed() throws Exception {
        ScramClient alice = connected("again");
        for (int i = 0; i < 3; i++) {
            alice.beginAgain("alice", "secret");
            alice.answer();
            alice.provedAgain();
            alice.client.ping();
        }
        alice.beginAgain("alice", "secret");
        byte[] question = alice.asked();
        alice.client.ping();
        assertTrue(question.length > 0);
    }

    /** [MQTT5-4.12.1-2] */
    @Test
    void whoFailsToProveItselfAgainIsDisconnected() throws Exception {
        ScramClient wrong = connected("fails");
        wrong.beginAgain("alice", "wrong");
        wrong.answer();
        assertEquals(0x87, wrong.ended());
    }

    /** The connection's rights, subscriptions and session are the first one's. */
    @Test
    void anotherUserCantTakeTheConnectionOver() throws Exception {
        ScramClient alice = connected("stays-alice");
        alice.beginAgain("bob", "secret");
        alice.answer();
        assertEquals(0x87, alice.ended());
    }

    /** [MQTT5-4.12.1-1] [MQTT5-4.12.0-7] */
    @Test
    void anAuthThatMayNotComeNowEndsTheConnection() throws Exception {
        byte[][] wrong = {
            auth(CONTINUE, new byte[0]),
            auth(0, new byte[0]),
            packet(0xF0),
            packet(0xF0, u8(AGAIN), properties(method("OTHER"))),
            packet(0xF0, u8(AGAIN), properties())
        };
        for (byte[] packet : wrong) {
            ScramClient client = connected("wrong-later");
            client.client.send(packet);
            assertEquals(0x82, client.ended(), Packets.hexOf(packet));
        }
        ScramClient twice = connected("twice");
        twice.beginAgain("alice", "secret");
        twice.asked();
        twice.beginAgain("alice", "secret");
        assertEquals(0x82, twice.ended());
        ScramClient pipelined = connected("pipelined");
        // In one piece, so that it can't have been asked in between.
        pipelined.client.send(
                concat(auth(AGAIN, new ScramProof("alice", "secret").first()), auth(CONTINUE, new byte[0])));
        assertEquals(0x82, pipelined.ended());
        RawClient withPassword = Knock.v5(node.port(), "no-method", "alice", "secret");
        withPassword.read();
        withPassword.send(auth(AGAIN, new ScramProof("alice", "secret").first()));
        assertEquals("e0 82", withPassword.readToTheEnd().orElseThrow().hex().substring(0, 5));
    }

    // --- the user changes meanwhile

    /** The exchange began with keys that were good; the node has seen the change before it ends. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "DELETE FROM mqtt_user WHERE name IN ('carol', 'watcher')",
                "UPDATE mqtt_user SET password_hash = (SELECT password_hash FROM mqtt_user WHERE name = 'old')"
                        + " WHERE name IN ('carol', 'watcher')"
            })
    void whoIsRemovedOrHasAnotherPasswordMeanwhileIsRefused(String change, TestDatabase database) throws Exception {
        database.execute("DELETE FROM mqtt_user WHERE name IN ('carol', 'watcher')");
        Knock.addScramUser(database, "carol", "secret");
        Knock.addScramUser(database, "watcher", "secret");
        ScramClient watcher = ScramClient.connected(node.port(), "watcher", "watcher", "secret");
        ScramClient carol = begin("carols", "carol", "secret");
        byte[] question = carol.asked();
        database.execute(change);
        assertEquals(0x87, watcher.ended(), "now the node knows it");
        carol.client.send(auth(CONTINUE, carol.lastOf(question)));
        assertEquals(0x87, carol.refused());
    }

    /** At once: it is refused, or it comes in by what was read before and is shown out. */
    @Test
    void whoIsRemovedInTheMidstDoesNotStay(TestDatabase database) throws Exception {
        for (int i = 0; i < 10; i++) {
            Knock.addScramUser(database, "dave", "secret");
            ScramClient dave = begin("daves", "dave", "secret");
            byte[] last = dave.lastOf(dave.asked());
            database.execute("DELETE FROM mqtt_user WHERE name = 'dave'");
            dave.client.send(auth(CONTINUE, last));
            RawClient.Packet end = dave.client.readToTheEnd().orElseThrow();
            assertEquals(0x87, end.u8(end.type() == 2 ? 1 : 0), end::toString);
        }
    }

    @Test
    void aRemovedUserIsShownOut(TestDatabase database) throws Exception {
        Knock.addScramUser(database, "erin", "secret");
        ScramClient erin = ScramClient.connected(node.port(), "erins", "erin", "secret");
        ScramClient alice = connected("not-erin");
        database.execute("DELETE FROM mqtt_user WHERE name = 'erin'");
        assertEquals(0x87, erin.ended());
        alice.client.ping();
    }
}
