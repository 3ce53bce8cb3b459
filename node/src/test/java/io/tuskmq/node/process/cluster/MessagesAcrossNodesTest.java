package io.tuskmq.node.process.cluster;

import static io.tuskmq.node.process.RawMqtt.clean;
import static io.tuskmq.node.process.RawMqtt.persistent;
import static io.tuskmq.node.process.RawMqtt.publish;
import static io.tuskmq.node.process.RawMqtt.subscribe;
import static io.tuskmq.node.process.RawMqtt.take;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.RawMqtt.Received;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** To its clients the cluster is one broker: what is published on one node is there on the others. */
@ExtendWith(SharedCluster.class)
class MessagesAcrossNodesTest {
    /** A forward takes milliseconds; reading the log once a second would take longer on average. */
    private static final long FORWARD_MILLIS_MAX = 900;

    private static final int ROUNDS = 5;

    /** The first message after SUBACK arrives already (I7), whoever publishes it. */
    @ParameterizedTest
    @CsvSource({"0, true", "1, true", "2, true", "1, false", "2, false"})
    void aMessageReachesASubscriberOnAnotherNode(int qos, boolean cleanSession, ClusterProcesses cluster)
            throws IOException {
        String topic = "across-" + qos + "-" + cleanSession;
        try (RawClient subscriber = cleanSession
                        ? clean(cluster.node(2).port(), topic)
                        : persistent(cluster.node(2).port(), topic, false);
                RawClient far = clean(cluster.node(1).port(), topic + "-far");
                RawClient near = clean(cluster.node(2).port(), topic + "-near")) {
            subscribe(subscriber, topic, qos);
            for (int round = 1; round <= ROUNDS; round++) {
                publish(far, qos, round, topic, "far " + round);
                assertEquals("far " + round, take(subscriber).payload());
                publish(near, qos, round, topic, "near " + round);
                assertEquals("near " + round, take(subscriber).payload());
            }
        }
    }

    @Test
    void aQos0MessageReachesAStoredSessionOnAnotherNodeWhileItIsConnected(ClusterProcesses cluster) throws IOException {
        String topic = "across-0-stored";
        try (RawClient subscriber = persistent(cluster.node(3).port(), topic, false);
                RawClient publisher = clean(cluster.node(1).port(), topic + "-publisher")) {
            subscribe(subscriber, topic, 1);
            // Of QoS 0 nothing is promised before the route is known: the answered QoS 1 message shows that it is.
            publish(publisher, 1, 1, topic, "mark");
            assertEquals("mark", take(subscriber).payload());
            publish(publisher, 0, 0, topic, "qos 0");
            assertEquals("qos 0", take(subscriber).payload());
        }
    }

    /** Not after the next look at the log: by the link. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aMessageToAStoredSessionOnAnotherNodeIsForwarded(int qos, ClusterProcesses cluster) throws IOException {
        String topic = "forwarded-" + qos;
        try (RawClient subscriber = persistent(cluster.node(3).port(), topic, false);
                RawClient publisher = clean(cluster.node(1).port(), topic + "-publisher")) {
            subscribe(subscriber, topic, qos);
            long best = Long.MAX_VALUE;
            for (int round = 1; round <= ROUNDS * 2; round++) {
                long start = System.nanoTime();
                publish(publisher, qos, round, topic, "message " + round);
                assertEquals("message " + round, take(subscriber).payload());
                best = Math.min(best, System.nanoTime() - start);
            }
            assertTrue(
                    TimeUnit.NANOSECONDS.toMillis(best) < FORWARD_MILLIS_MAX,
                    "the fastest took " + TimeUnit.NANOSECONDS.toMillis(best) + " ms");
        }
    }

    @Test
    void aRetainedMessageSetOnOneNodeIsSeenOnAnotherAtOnce(ClusterProcesses cluster, Fleet load) throws IOException {
        String topic = load.root() + "-retained";
        try (RawClient setter = clean(cluster.node(1).port(), topic + "-setter")) {
            for (int round = 1; round <= ROUNDS; round++) {
                retain(setter, round, topic, "value " + round);
                Received seen = firstOf(cluster.node(1 + round % 3), topic);
                assertEquals("value " + round, seen.payload());
                assertTrue(seen.retain());
            }
            retain(setter, ROUNDS + 1, topic, "");
            publish(setter, 1, ROUNDS + 2, topic + "/mark", "mark");
        }
        try (RawClient late = clean(cluster.node(3).port(), topic + "-late")) {
            subscribe(late, topic, 1);
            late.ping(); // nothing was retained any more, or it would have come before
        }
        load.awaitProgress(1, Duration.ofSeconds(10));
    }

    private static void retain(RawClient client, int packetId, String topic, String payload) throws IOException {
        byte[] publish = Packets.publish(1, packetId, topic, payload);
        publish[0] |= 1;
        client.send(publish);
        assertEquals(4, client.read().type(), "PUBACK");
    }

    /** The first message after the SUBACK of a new subscriber. */
    private static Received firstOf(ClusterNode node, String topic) throws IOException {
        try (RawClient subscriber = clean(node.port(), topic + "-subscriber")) {
            subscribe(subscriber, topic, 1);
            return take(subscriber);
        }
    }
}
