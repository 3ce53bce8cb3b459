package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Two processes with the default name on one database; alone, so that no port can be in use. */
@ExtendWith(PostgresExtension.class)
final class NodeNameProcessTest {
    @TempDir
    Path dir;

    /** Its lease is longer than any of these tests takes. */
    private NodeProcess start(TestDatabase database) throws IOException {
        return NodeProcess.run(
                dir,
                "start",
                "--mqtt.port=0",
                "--http.port=0",
                "--mqtt.websocket.port=off",
                "--cluster.port=off",
                "--node.lease-seconds=300",
                "--database.url=" + database.urlString());
    }

    private static void connect(String ready) throws IOException {
        String address = List.of(ready.split(" ", -1)).get(1);
        int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
        try (RawClient client = RawClient.connected(port, Packets.connect("c"))) {
            client.send(Packets.subscribe(1, "t", 0));
            assertEquals(9, client.read().type());
        }
    }

    private static void signal(NodeProcess node, String signal) throws Exception {
        Process kill = new ProcessBuilder(
                        "kill", "-" + signal, Long.toString(node.process().pid()))
                .start();
        assertEquals(0, kill.waitFor());
    }

    @Test
    void theSecondIsRefusedWithCode9AndTheFirstGoesOn(TestDatabase database) throws Exception {
        try (NodeProcess first = start(database)) {
            String ready = first.awaitReady();
            try (NodeProcess second = start(database)) {
                assertEquals(9, second.awaitExit(), second.log());
                assertTrue(
                        second.log().contains("tuskmq: another node that runs is called tuskmq-1 (node.name)"),
                        second.log());
                assertFalse(second.log().contains("\tat "), second.log());
            }
            connect(ready);
            assertTrue(first.process().isAlive(), first.log());
        }
    }

    @Test
    void oneThatWasKilledComesBackBeforeItsLeaseEnds(TestDatabase database) throws Exception {
        try (NodeProcess first = start(database)) {
            first.awaitReady();
            signal(first, "KILL");
        }
        try (NodeProcess again = start(database)) {
            connect(again.awaitReady());
        }
    }

    @Test
    void oneThatStandsStillIsFollowedAndEndsWithCode7WhenItWakes(TestDatabase database) throws Exception {
        try (NodeProcess first = start(database)) {
            first.awaitReady();
            signal(first, "STOP");
            try (NodeProcess next = start(database)) {
                connect(next.awaitReady());
                signal(first, "CONT");
                assertEquals(7, first.awaitExit(), first.log());
                assertTrue(next.process().isAlive(), next.log());
            }
        }
    }
}
