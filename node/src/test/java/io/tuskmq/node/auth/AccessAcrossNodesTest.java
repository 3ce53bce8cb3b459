package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.EventLoops;
import io.tuskmq.node.TestNode;
import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is changed in the database counts on every node within a second, also for those who are connected. */
@ExtendWith(PostgresExtension.class)
@TestInstance(Lifecycle.PER_CLASS)
class AccessAcrossNodesTest {
    private TestNode here;
    private TestNode there;

    @BeforeAll
    void start(TestDatabase database) throws Exception {
        Knock.addUser(database, "alice", "secret");
        here = start(database, "here");
        there = start(database, "there");
    }

    private static TestNode start(TestDatabase database, String name) throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        return TestNode.ofCluster(
                EventLoops.open(),
                database,
                "node.name",
                name,
                "database.url",
                database.urlString(),
                "cluster.host",
                "127.0.0.1",
                "cluster.port",
                Integer.toString(port),
                "auth.chain",
                "users");
    }

    @AfterAll
    void stop() {
        there.close();
        here.close();
    }

    private static void assertWithinASecond(long since) {
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
        assertTrue(millis < 1_000, "took " + millis + " ms");
    }

    @Test
    void aUserRemovedAnywhereIsShownOutEverywhere(TestDatabase database) throws Exception {
        Knock.addUser(database, "bob", "secret");
        RawClient atHere = Knock.v5(here.port(), "b1", "bob", "secret");
        RawClient atThere = Knock.v5(there.port(), "b2", "bob", "secret");
        RawClient alice = Knock.v5(there.port(), "a1", "alice", "secret");
        for (RawClient client : new RawClient[] {atHere, atThere, alice}) {
            assertEquals(0, client.read().u8(1));
        }
        long since = System.nanoTime();
        database.execute("DELETE FROM mqtt_user WHERE name = 'bob'");
        assertEquals(0x87, atHere.read().u8(0));
        assertEquals(0x87, atThere.read().u8(0));
        assertWithinASecond(since);
        alice.ping();
    }

    /** Who publishes at one node what the subscriber at the other one may not have any more. */
    @Test
    void aRuleAddedAnywhereCountsForThoseWhoAreConnectedElsewhere(TestDatabase database) throws Exception {
        RawClient reader = Knock.v5(there.port(), "r1", "alice", "secret");
        reader.read();
        reader.send(Packets.subscribeV5(1, Packets.properties(), "t/#", 1));
        reader.read();
        RawClient writer = Knock.v5(here.port(), "w1", "alice", "secret");
        writer.read();
        long since = System.nanoTime();
        Knock.addRule(database, "deny subscribe t/secret");
        Knock.addRule(database, "allow all #");
        assertEquals(0x87, reader.read().u8(0), "DISCONNECT: t/# could match t/secret");
        assertWithinASecond(since);
        RawClient again = Knock.v5(there.port(), "r1", "alice", "secret");
        again.read();
        again.send(Packets.subscribeV5(1, Packets.properties(), "t/#", 1));
        assertEquals(0x87, again.read().u8(3));
        database.execute("TRUNCATE acl_rule");
    }
}
