package io.tuskmq.node.auth;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.string;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.TestNode;
import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;

/** Users with passwords at a node that asks for them. */
@ExtendWith(PostgresExtension.class)
@TestInstance(Lifecycle.PER_CLASS)
class LoginOnNodeTest {
    private TestNode node;

    @BeforeAll
    void start(TestDatabase database) throws SQLException {
        node = new TestNode(database, "auth.chain", "users");
        Knock.addUser(database, "alice", "secret");
    }

    @AfterAll
    void stop() {
        node.close();
    }

    private static String connack(RawClient client) throws IOException {
        return client.read().hex();
    }

    @Test
    void rightCredentialsComeInAndOthersAreRefusedInTheWordsOfTheVersion() throws IOException {
        assertEquals("20 00 00", connack(Knock.v3(node.port(), "c1", "alice", "secret")));
        assertEquals("20 00 04", connack(Knock.v3(node.port(), "c2", "alice", "wrong")));
        assertEquals("20 00 04", connack(Knock.v3(node.port(), "c3", "nobody", "secret")));
        assertEquals("20 00 05", connack(Knock.withoutCredentials(node.port(), "c4")));
        assertEquals(0, Knock.v5(node.port(), "c5", "alice", "secret").read().u8(1));
        assertEquals(0x86, Knock.v5(node.port(), "c6", "alice", "wrong").read().u8(1));
        RawClient nobody = RawClient.connect(node.port());
        nobody.send(Packets.connectV5("c7"));
        assertEquals(0x87, nobody.read().u8(1));
    }

    /** [MQTT-3.1.4-5] What follows a refused CONNECT is not looked at. */
    @Test
    void aRefusedClientPublishesNothing(TestDatabase ignored) throws IOException {
        RawClient reader = Knock.v3(node.port(), "reader", "alice", "secret");
        connack(reader);
        reader.send(Packets.subscribe(1, "door", 0));
        reader.read();
        RawClient intruder = Knock.v3(node.port(), "intruder", "alice", "wrong");
        intruder.sendToTheEnd(Packets.publish(0, 0, "door", "knock"));
        assertEquals("20 00 04", connack(intruder));
        reader.ping();
    }

    @Test
    void aSessionIsItsPrincipalsAlone(TestDatabase database) throws IOException, SQLException {
        Knock.addUser(database, "mallory", "mine");
        RawClient alice = Knock.stored(node.port(), "shared-id", "alice", "secret");
        assertEquals("20 00 00", connack(alice));
        alice.close();
        assertEquals("20 00 05", connack(Knock.stored(node.port(), "shared-id", "mallory", "mine")));
        assertEquals("20 01 00", connack(Knock.stored(node.port(), "shared-id", "alice", "secret")));
    }

    /** [MQTT-3.1.4-2] comes after the check who it is: a client id is no way to end somebody else's connection. */
    @Test
    void anotherUsersConnectionIsNotTakenOver(TestDatabase database) throws IOException, SQLException {
        Knock.addUser(database, "trudy", "mine");
        RawClient alice = Knock.v5(node.port(), "phone", "alice", "secret");
        assertEquals(0, alice.read().u8(1));
        assertEquals(
                0x87, Knock.v5(node.port(), "phone", "trudy", "mine").read().u8(1));
        alice.ping();
        RawClient newer = Knock.v5(node.port(), "phone", "alice", "secret");
        assertEquals(0, newer.read().u8(1));
        assertEquals(0x8E, alice.read().u8(0));
    }

    @Test
    void aRemovedUserIsShownOutWithinASecond(TestDatabase database) throws Exception {
        WithinASecond.assertCounts(() -> {
            Knock.addUser(database, "bob", "secret");
            RawClient bob = Knock.v5(node.port(), "bobs", "bob", "secret");
            assertEquals(0, bob.read().u8(1));
            database.execute("DELETE FROM mqtt_user WHERE name = 'bob'");
            long removed = System.nanoTime();
            assertEquals(0x87, bob.read().u8(0), "DISCONNECT");
            return WithinASecond.millisSince(removed);
        });
        assertEquals(0x86, Knock.v5(node.port(), "bobs", "bob", "secret").read().u8(1));
    }

    @Test
    void aNewPasswordEndsWhatTheOldOneLetIn(TestDatabase database) throws IOException, SQLException {
        Knock.addUser(database, "carol", "old");
        RawClient carol = Knock.v5(node.port(), "carols", "carol", "old");
        assertEquals(0, carol.read().u8(1));
        RawClient alice = Knock.v5(node.port(), "stays", "alice", "secret");
        assertEquals(0, alice.read().u8(1));
        Knock.addUser(database, "dave", "x");
        database.execute(
                "UPDATE mqtt_user SET password_hash = (SELECT password_hash FROM mqtt_user WHERE name = 'dave')"
                        + " WHERE name = 'carol'");
        assertEquals(0x87, carol.read().u8(0), "DISCONNECT");
        assertEquals(0, Knock.v5(node.port(), "carols", "carol", "x").read().u8(1));
        alice.ping();
    }

    /** [MQTT-3.1.2-8] says that a will follows each end but a normal one; but a user who is not allowed to be here says nothing. */
    @Test
    void theWillOfARemovedUserIsNotPublished(TestDatabase database) throws IOException, SQLException {
        Knock.addUser(database, "erin", "secret");
        RawClient reader = Knock.v3(node.port(), "will-reader", "alice", "secret");
        connack(reader);
        reader.send(Packets.subscribe(1, "wills/#", 0));
        reader.read();
        RawClient erin = RawClient.connect(node.port());
        erin.send(connect4(
                0xC6, 0, string("erins"), string("wills/erin"), string("gone"), string("erin"), string("secret")));
        assertEquals("20 00 00", connack(erin));
        database.execute("DELETE FROM mqtt_user WHERE name = 'erin'");
        assertTrue(erin.readOrEnd().isEmpty(), "closed");
        RawClient again = Knock.v3(node.port(), "will-writer", "alice", "secret");
        connack(again);
        again.send(Packets.publish(0, 0, "wills/later", "x"));
        assertEquals("wills/later", new String(reader.read().body(), 2, 11, java.nio.charset.StandardCharsets.UTF_8));
    }
}
