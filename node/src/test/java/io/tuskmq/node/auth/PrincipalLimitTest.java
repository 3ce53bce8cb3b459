package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.TestNode;
import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.cluster.Await;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How many clients one principal may have at a node. */
@ExtendWith(PostgresExtension.class)
class PrincipalLimitTest {
    private static int reason(RawClient client) throws IOException {
        return client.read().u8(1);
    }

    private static boolean comesIn(int port, String clientId) {
        try {
            return reason(Knock.v5(port, clientId, "alice", "secret")) == 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void oneMoreIsRefusedUntilAnotherLeaves(TestDatabase database) throws Exception {
        try (TestNode node = new TestNode(
                database, "auth.chain", "users", "auth.anonymous", "true", "limits.connections-per-principal", "2")) {
            int port = node.port();
            Knock.addUser(database, "alice", "secret");
            Knock.addUser(database, "bob", "secret");
            RawClient first = Knock.v5(port, "a1", "alice", "secret");
            assertEquals(0, reason(first));
            RawClient chosen = Knock.v5(port, "", "alice", "secret");
            assertEquals(0, reason(chosen), "a client whose id is chosen");
            assertEquals(0x97, reason(Knock.v5(port, "a3", "alice", "secret")));
            assertEquals(0x97, reason(Knock.v5(port, "", "alice", "secret")));
            assertEquals(
                    "20 00 03", Knock.v3(port, "a4", "alice", "secret").read().hex());
            assertEquals(0, reason(Knock.v5(port, "b1", "bob", "secret")), "another principal");
            RawClient again = Knock.v5(port, "a1", "alice", "secret");
            assertEquals(0, reason(again), "the same client takes its place over");
            assertTrue(first.readToTheEnd().orElseThrow().hex().startsWith("e0 8e"));
            assertEquals(0x97, reason(Knock.v5(port, "a5", "alice", "secret")));
            chosen.send(Packets.PINGREQ);
            assertEquals(13, chosen.read().type(), "it has kept its place all the while");
            for (int i = 0; i < 3; i++) {
                RawClient nobody = RawClient.connect(port);
                nobody.send(Packets.connectV5("n" + i));
                assertEquals(0, reason(nobody), "who has proved nothing is not counted");
            }
            again.send(Packets.DISCONNECT);
            Await.until("there is a place", Duration.ofSeconds(10), () -> comesIn(port, "a6"));
            assertTrue(node.metrics().text().contains("tuskmq_principal_full_total "));
        }
    }
}
