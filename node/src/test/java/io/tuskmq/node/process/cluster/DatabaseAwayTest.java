package io.tuskmq.node.process.cluster;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.u32;
import static io.tuskmq.node.process.RawMqtt.clean;
import static io.tuskmq.node.process.RawMqtt.persistent;
import static io.tuskmq.node.process.RawMqtt.publish;
import static io.tuskmq.node.process.RawMqtt.subscribe;
import static io.tuskmq.node.process.RawMqtt.take;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.RawMqtt;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** PostgreSQL dies or hangs under the whole cluster (I11): what needs it waits or is refused, all else goes on, nothing is lost. */
@ExtendWith(SharedCluster.class)
class DatabaseAwayTest {
    private static final Duration SOON = Duration.ofSeconds(15);
    private static final Duration REFUSED = Duration.ofSeconds(5);
    /** What proceeds when the database is back does so within this. */
    private static final Duration PROCEEDS = Duration.ofSeconds(8);
    /** Longer than the lease: no node may take another one's end for granted when nobody can end it. */
    private static final Duration LONG = ClusterProcesses.LEASE.plusSeconds(3);

    private static final int SESSION_EXPIRY = 0x11;
    private static final int MESSAGES = 60;

    @Test
    void theLoadGoesOnWhenTheDatabaseWasKilledAndStartedAgain(ClusterProcesses cluster, Fleet load) {
        for (int round = 0; round < 2; round++) {
            cluster.database().killNine();
            cluster.database().start();
            load.awaitProgress(MESSAGES, SOON);
        }
    }

    @Test
    void theLoadGoesOnWhenTheDatabaseHungForLongerThanTheLease(ClusterProcesses cluster, Fleet load)
            throws IOException {
        try (RawClient client = clean(cluster.node(1).port(), load.root() + "-client")) {
            cluster.database().pause();
            Await.always("the connection stays", LONG, () -> answersPing(client));
            cluster.database().resume();
        }
        load.awaitProgress(MESSAGES, SOON);
    }

    /** [MQTT-4.8.0-2] */
    @Test
    void whatNeedsTheDatabaseWaitsOrIsRefusedAndAllElseGoesOn(ClusterProcesses cluster, Fleet load) throws IOException {
        String id = load.root() + "-away";
        Watcher watcher = load.watch(cluster.node(3), id + "/kept", 2);
        try (RawClient near = clean(cluster.node(1).port(), id + "-near");
                RawClient far = clean(cluster.node(2).port(), id + "-far");
                RawClient stored = persistent(cluster.node(1).port(), id + "-stored", false)) {
            subscribe(near, id + "/lost", 0);
            subscribe(far, id + "/lost", 0);
            List<Long> incarnations = incarnations(cluster);
            cluster.database().killNine();

            stored.send(Packets.publish(1, 1, id + "/kept", "held qos 1"));
            stored.send(Packets.publish(2, 2, id + "/kept", "held qos 2"));
            assertRefused(cluster.node(1), connect4(0, 0, string(id + "-new")), "20 00 03");
            assertRefused(cluster.node(2), connect5Stored(id + "-new"), "20 00 88");

            publish(stored, 0, 0, id + "/lost", "qos 0");
            assertEquals("qos 0", take(near).payload());
            assertEquals("qos 0", take(far).payload());

            Await.always(
                    "the connections stay, and nothing of QoS 1 and 2 is acknowledged",
                    LONG,
                    () -> answersPing(near) && answersPing(far) && answersPing(stored));
            publish(stored, 0, 0, id + "/lost", "qos 0 after the lease's end");
            assertEquals("qos 0 after the lease's end", take(near).payload());
            assertEquals("qos 0 after the lease's end", take(far).payload());

            cluster.database().start();
            long back = System.nanoTime();
            assertEquals(
                    List.of("40 00 01", "50 00 02"),
                    Stream.of(stored.read(), stored.read())
                            .map(RawClient.Packet::hex)
                            .sorted()
                            .toList());
            stored.send(Packets.pubRel(2));
            assertEquals("70 00 02", stored.read().hex(), "PUBCOMP");
            Duration took = Duration.ofNanos(System.nanoTime() - back);
            assertTrue(took.compareTo(PROCEEDS) < 0, "acknowledged only after " + took);
            assertEquals(incarnations, incarnations(cluster), "nobody was taken for dead");
        }
        watcher.await("held qos 1", SOON);
        watcher.await("held qos 2", SOON);
        load.awaitProgress(MESSAGES, SOON);
        assertEquals(2, watcher.payloads().size());
    }

    private static byte[] connect5Stored(String id) {
        return connect5(0, 0, properties(property(SESSION_EXPIRY, u32(60))), string(id));
    }

    private static void assertRefused(ClusterNode node, byte[] connect, String connAck) throws IOException {
        try (RawClient client = RawMqtt.open(node.port())) {
            long start = System.nanoTime();
            client.send(connect);
            String answer = client.read().hex();
            assertTrue(answer.startsWith(connAck), answer);
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            assertTrue(took.compareTo(REFUSED) <= 0, "refused only after " + took);
            assertTrue(client.readToTheEnd().isEmpty());
        }
    }

    private static List<Long> incarnations(ClusterProcesses cluster) {
        return cluster.nodes().stream().map(cluster::newestIncarnation).toList();
    }

    /** The next packet is the PINGRESP: nothing was acknowledged either. */
    private static boolean answersPing(RawClient client) {
        try {
            client.ping();
            return true;
        } catch (IOException e) {
            throw new AssertionError("no answer to PINGREQ", e);
        }
    }
}
