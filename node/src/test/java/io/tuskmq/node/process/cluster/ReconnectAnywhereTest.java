package io.tuskmq.node.process.cluster;

import static io.tuskmq.node.process.RawMqtt.again;
import static io.tuskmq.node.process.RawMqtt.clean;
import static io.tuskmq.node.process.RawMqtt.persistent;
import static io.tuskmq.node.process.RawMqtt.publish;
import static io.tuskmq.node.process.RawMqtt.received;
import static io.tuskmq.node.process.RawMqtt.subscribe;
import static io.tuskmq.node.process.RawMqtt.take;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.RawMqtt;
import io.tuskmq.node.process.RawMqtt.Received;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A client that reconnects with cleanSession=false finds on any node what it left on another one. */
@ExtendWith(SharedCluster.class)
class ReconnectAnywhereTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    /** I3, inward: PUBREC from one node, PUBLISH again to the second, PUBREL to the second and again to the third. */
    @Test
    void aQos2PublishIsFinishedOnOtherNodesAndDeliveredOnce(ClusterProcesses cluster, Fleet load) throws IOException {
        String id = load.root() + "-half-in";
        Watcher watcher = load.watch(cluster.node(3), id, 2);
        try (RawClient first = persistent(cluster.node(1).port(), id, false)) {
            first.send(Packets.publish(2, 7, id, "half"));
            assertEquals("50 00 07", first.read().hex(), "PUBREC");
            first.abort();
        }
        try (RawClient second = persistent(cluster.node(2).port(), id, true)) {
            second.send(again(2, 7, id, "half"));
            assertEquals("50 00 07", second.read().hex(), "PUBREC");
            second.send(Packets.pubRel(7));
            assertEquals("70 00 07", second.read().hex(), "PUBCOMP");
            second.abort();
        }
        try (RawClient third = persistent(cluster.node(3).port(), id, true)) {
            third.send(Packets.pubRel(7));
            assertEquals("70 00 07", third.read().hex(), "PUBCOMP");
            publish(third, 2, 7, id, "next of the same packet id");
        }
        watcher.await("half", SOON);
        watcher.await("next of the same packet id", SOON);
        assertEquals(1, watcher.count("half"));
    }

    /** I3, outward, before PUBREC: the same packet id again, with DUP. */
    @Test
    void aQos2DeliveryComesAgainFromAnotherNodeUntilItIsReceived(ClusterProcesses cluster, Fleet load)
            throws IOException {
        String id = load.root() + "-half-out";
        Received sent;
        try (RawClient first = persistent(cluster.node(1).port(), id, false)) {
            subscribe(first, id, 2);
            publishFrom(cluster.node(2), id, 2, "one");
            sent = received(first.read());
            first.abort();
        }
        try (RawClient second = persistent(cluster.node(2).port(), id, true)) {
            assertEquals(new Received(true, 2, false, sent.packetId(), id, "one"), received(second.read()));
            second.send(Packets.pubRec(sent.packetId()));
            assertEquals(
                    Packets.hexOf(Packets.pubRel(sent.packetId())),
                    second.read().wire());
            second.abort();
        }
        try (RawClient third = persistent(cluster.node(3).port(), id, true)) {
            assertEquals(
                    Packets.hexOf(Packets.pubRel(sent.packetId())), third.read().wire(), "never PUBLISH again");
            third.send(Packets.pubComp(sent.packetId()));
            publishFrom(cluster.node(1), id, 2, "two");
            assertEquals("two", take(third).payload());
        }
    }

    @Test
    void anUnacknowledgedQos1DeliveryComesAgainFromAnotherNode(ClusterProcesses cluster, Fleet load)
            throws IOException {
        String id = load.root() + "-unacknowledged";
        Received sent;
        try (RawClient first = persistent(cluster.node(1).port(), id, false)) {
            subscribe(first, id, 1);
            publishFrom(cluster.node(3), id, 1, "one");
            sent = received(first.read());
            first.abort();
        }
        try (RawClient second = persistent(cluster.node(2).port(), id, true)) {
            assertEquals(new Received(true, 1, false, sent.packetId(), id, "one"), received(second.read()));
            second.send(Packets.pubAck(sent.packetId()));
            publishFrom(cluster.node(1), id, 1, "two");
            assertEquals("two", take(second).payload());
        }
    }

    /** I2, I6 */
    @Test
    void whatWasMissedOnOneNodeComesInOrderFromAnother(ClusterProcesses cluster, Fleet load) throws IOException {
        String id = load.root() + "-away";
        try (RawClient first = persistent(cluster.node(1).port(), id, false)) {
            subscribe(first, id + "/+", 2);
            first.send(Packets.DISCONNECT);
            assertTrue(first.readOrEnd().isEmpty());
        }
        List<String> sent = new ArrayList<>();
        try (RawClient publisher = clean(cluster.node(2).port(), id + "-publisher")) {
            for (int i = 1; i <= 30; i++) {
                publish(publisher, 2, i, id + "/2", "message " + i);
                sent.add("message " + i);
            }
        }
        List<String> came = new ArrayList<>();
        try (RawClient second = persistent(cluster.node(3).port(), id, true)) {
            while (came.size() < 30) {
                came.add(RawMqtt.takeNext(second).payload());
            }
        }
        assertEquals(sent, came);
    }

    /** All at once, again and again: each comes back to whichever node it is led to. */
    @Test
    void aLoadThatReconnectsAnywhereLosesAndDoublesNothing(ClusterProcesses cluster, Fleet load) throws IOException {
        for (int round = 0; round < 5; round++) {
            load.drop();
            load.awaitProgress(40, SOON);
        }
    }

    private static void publishFrom(ClusterNode node, String topic, int qos, String payload) throws IOException {
        try (RawClient publisher = clean(node.port(), topic + "-publisher")) {
            publish(publisher, qos, 1, topic, payload);
        }
    }
}
