package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What does not fit: backlogs that are too long, and a log that is too large. */
@ExtendWith(PostgresExtension.class)
final class OverflowTest {
    private static final byte[] NO_PROPERTIES = {0};

    private static byte[] persistent(String clientId) {
        return Packets.connect4(0x00, 0, Packets.string(clientId));
    }

    private static void leaveSubscribed(int port, String clientId) throws IOException {
        try (RawClient client = RawClient.connected(port, persistent(clientId))) {
            client.send(Packets.subscribe(1, "kept/#", 1));
            assertEquals(9, client.read().type());
            client.send(Packets.DISCONNECT);
            assertTrue(client.readOrEnd().isEmpty());
        }
    }

    private static String payload(RawClient.Packet publish) {
        byte[] body = publish.body();
        int from = 2 + publish.u16(0) + 2;
        return new String(body, from, body.length - from, java.nio.charset.StandardCharsets.UTF_8);
    }

    @Test
    @DisplayName("a returning client gets the newest messages of its backlog, and what was dropped is counted")
    void limitsTheBacklog(TestDatabase database) throws IOException {
        try (TestNode node = new TestNode(database, "session.backlog-max-messages", "5")) {
            leaveSubscribed(node.port(), "away");
            try (RawClient publisher = RawClient.connected(node.port(), Packets.connect("p"))) {
                for (int i = 1; i <= 12; i++) {
                    publisher.send(Packets.publish(1, i, "kept/" + i % 3, "m" + i));
                    assertEquals(4, publisher.read().type());
                }
            }
            try (RawClient back = RawClient.connected(node.port(), persistent("away"))) {
                List<String> got = new ArrayList<>();
                for (int i = 0; i < 5; i++) {
                    RawClient.Packet publish = back.read();
                    got.add(payload(publish));
                    back.send(Packets.pubAck(publish.u16(2 + publish.u16(0))));
                }
                assertEquals(List.of("m8", "m9", "m10", "m11", "m12"), got);
                back.ping();
            }
            assertTrue(
                    node.metrics().text().contains("tuskmq_messages_dropped_total{reason=\"backlog\"} 7"),
                    node.metrics().text());
        }
    }

    @Test
    @DisplayName("a log above its quota: MQTT 5 hears 0x97, MQTT 3 waits; what is not to be kept goes on")
    void keepsTheQuota(TestDatabase database) throws IOException {
        try (TestNode unlimited = new TestNode(database)) {
            leaveSubscribed(unlimited.port(), "away");
            try (RawClient v3 = RawClient.connected(unlimited.port(), Packets.connect("v3"))) {
                v3.send(Packets.publish(1, 1, "kept/a", "x".repeat(20_000)));
                assertEquals("40 00 01", v3.read().hex());
            }
        }
        try (TestNode node = new TestNode(database, "log.quota-bytes", "1024")) {
            RawClient v5 = RawClient.connected(node.port(), Packets.connectV5("v5"));
            v5.send(Packets.publishV5(1, 7, "kept/a", NO_PROPERTIES, "more"));
            assertEquals("40 00 07 97", v5.read().hex());
            v5.send(Packets.publishV5(2, 8, "kept/a", NO_PROPERTIES, "more"));
            assertEquals("50 00 08 97", v5.read().hex());
            v5.send(Packets.publishV5(1, 9, "not-kept", NO_PROPERTIES, "more"));
            assertEquals("40 00 09 10", v5.read().hex());
            assertTrue(
                    node.metrics().text().contains("tuskmq_publish_refused_total 2"),
                    node.metrics().text());
            RawClient v3 = RawClient.connected(node.port(), Packets.connect("v3"));
            v3.send(Packets.publish(1, 1, "kept/a", "the last that is read"));
            assertEquals("40 00 01", v3.read().hex());
            v3.send(Packets.PINGREQ);
            v3.socket().setSoTimeout(2_500); // longer than the tick at which publishers look again
            assertThrows(
                    SocketTimeoutException.class,
                    () -> v3.socket().getInputStream().read());
            v5.close();
            v3.close();
        }
    }

    @Test
    @DisplayName("a connection that was not read from since the log was full is read again when there is room")
    void goesOnWhenThereIsRoom(TestDatabase database) throws Exception {
        try (TestNode unlimited = new TestNode(database)) {
            leaveSubscribed(unlimited.port(), "away");
            fill(unlimited.port());
        }
        long bytes = database.number(
                "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'log'::regclass");
        try (TestNode node = new TestNode(database, "log.quota-bytes", Long.toString(bytes / 2));
                RawClient v3 = RawClient.connected(node.port(), Packets.connect("v3"))) {
            v3.send(Packets.publish(1, 1, "kept/a", "the last that is read"));
            assertEquals("40 00 01", v3.read().hex());
            v3.send(Packets.PINGREQ);
            database.execute("TRUNCATE log");
            assertEquals(13, v3.read().type());
        }
    }

    private static void fill(int port) throws IOException {
        try (RawClient v3 = RawClient.connected(port, Packets.connect("filler"))) {
            for (int i = 1; i <= 100; i++) {
                v3.send(Packets.publish(1, i, "kept/a", "x".repeat(20_000)));
                assertEquals(4, v3.read().type());
            }
        }
    }
}
