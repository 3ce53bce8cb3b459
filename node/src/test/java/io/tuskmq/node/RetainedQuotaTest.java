package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.cluster.Await;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How many retained messages the broker has, and what happens to those that are too many. */
@ExtendWith(PostgresExtension.class)
final class RetainedQuotaTest {
    private static final byte[] NO_PROPERTIES = {0};
    private static final int CLEAN_WITH_RETAINED_WILL_1 = 0x2E;
    private static final Duration SOON = Duration.ofSeconds(10);

    private static byte[] retained(int qos, int packetId, String topic, String payload) {
        byte[] packet = Packets.publishV5(qos, packetId, topic, NO_PROPERTIES, payload);
        packet[0] |= 1;
        return packet;
    }

    private static void awaitMetric(TestNode node, String line) {
        Await.until(line, SOON, () -> node.metrics().text().contains(line + "\n"), node.metrics()::text);
    }

    private static void fill(TestNode node, RawClient v5, int messages) throws IOException {
        for (int i = 1; i <= messages; i++) {
            v5.send(retained(1, i, "state/" + i, "x"));
            assertTrue(v5.read().hex().startsWith("40 00 0" + i), "PUBACK");
        }
        awaitMetric(node, "tuskmq_retained_messages " + messages);
    }

    @Test
    @DisplayName("[MQTT5-3.4.2-1] MQTT 5 hears 0x97, MQTT 3 is closed; what clears a topic makes room again")
    void refusesTheNextOne(TestDatabase database) throws Exception {
        try (TestNode node = new TestNode(database, "limits.retained-messages", "3");
                RawClient v5 = RawClient.connected(node.port(), Packets.connectV5("v5"))) {
            fill(node, v5, 3);
            v5.send(retained(1, 4, "state/4", "x"));
            assertEquals("40 00 04 97", v5.read().hex());
            v5.send(retained(2, 5, "state/5", "x"));
            assertEquals("50 00 05 97", v5.read().hex());
            v5.send(Packets.publishV5(1, 6, "not/retained", NO_PROPERTIES, "x"));
            assertEquals("40 00 06 10", v5.read().hex());
            RawClient v3 = RawClient.connected(node.port(), Packets.connect("v3"));
            byte[] publish = Packets.publish(1, 1, "state/6", "x");
            publish[0] |= 1;
            v3.send(publish);
            assertTrue(v3.readOrEnd().isEmpty(), "closed");
            awaitMetric(node, "tuskmq_retained_refused_total 3");
            v5.send(retained(1, 7, "state/1", ""));
            assertTrue(v5.read().hex().startsWith("40 00 07"));
            awaitMetric(node, "tuskmq_retained_messages 2");
            v5.send(retained(1, 8, "state/8", "x"));
            assertTrue(!v5.read().hex().endsWith("97"), "there is room again");
            assertEquals(3, database.number("SELECT count(*) FROM retained"));
        }
    }

    @Test
    @DisplayName("QoS 0 and wills are published, but not kept")
    void keepsNoneOfThoseWithoutAPromise(TestDatabase database) throws Exception {
        try (TestNode node = new TestNode(database, "limits.retained-bytes", "16");
                RawClient v5 = RawClient.connected(node.port(), Packets.connectV5("v5"))) {
            fill(node, v5, 2); // 2 times 8 bytes
            v5.send(Packets.subscribeV5(20, NO_PROPERTIES, "new/#", 1));
            assertEquals(9, v5.read().type());
            v5.send(retained(0, 0, "new/a", "x"));
            assertEquals(3, v5.read().type());
            byte[] will = RawClient.concat(Packets.string("dies"), Packets.string("new/will"), Packets.string("x"));
            RawClient.connected(node.port(), Packets.connect4(CLEAN_WITH_RETAINED_WILL_1, 0, will))
                    .abort();
            assertEquals(3, v5.read().type());
            assertEquals(2, database.number("SELECT count(*) FROM retained"));
            awaitMetric(node, "tuskmq_retained_refused_total 2");
        }
    }
}
