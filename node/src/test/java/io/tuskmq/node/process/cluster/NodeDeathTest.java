package io.tuskmq.node.process.cluster;

import static io.tuskmq.node.process.RawMqtt.persistent;
import static io.tuskmq.node.process.RawMqtt.publish;
import static io.tuskmq.node.process.RawMqtt.take;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code kill -9} of one, two and all nodes, and a node that sleeps too long: nothing acknowledged is lost, nothing of QoS 2 doubled. */
@ExtendWith(SharedCluster.class)
class NodeDeathTest {
    /** So soon after a death all clients of the dead nodes are served by others. */
    private static final Duration SERVED = ClusterProcesses.LEASE.plusSeconds(30);

    private static final Duration SOON = Duration.ofSeconds(15);
    /** From its waking: it has to find out that it is fenced, and to start anew. */
    private static final Duration BACK = Duration.ofSeconds(90);

    private static final int AT_ONCE_MILLIS = 200;
    private static final int MESSAGES = 100;

    @Test
    void theLoadGoesOnWithoutOneNode(ClusterProcesses cluster, Fleet load) {
        cluster.node(2).killNine();
        load.awaitProgress(MESSAGES, SERVED);
        cluster.node(2).restart();
        load.awaitProgress(MESSAGES, SERVED);
    }

    @Test
    void theLoadGoesOnWithoutTwoNodes(ClusterProcesses cluster, Fleet load) {
        cluster.node(1).killNine();
        cluster.node(3).killNine();
        load.awaitProgress(MESSAGES, SERVED);
    }

    @Test
    void theLoadGoesOnWhenAllNodesWereKilledAndOneStarts(ClusterProcesses cluster, Fleet load) {
        cluster.nodes().forEach(ClusterNode::killNine);
        cluster.node(2).restart();
        load.awaitProgress(MESSAGES, SERVED);
    }

    /** One after the other, each as soon as the one before is back: sessions are handed on and on. */
    @Test
    void theLoadGoesOnWhileEachNodeIsKilledInTurn(ClusterProcesses cluster, Fleet load) {
        for (ClusterNode node : cluster.nodes()) {
            node.killNine();
            node.restart();
            load.awaitProgress(MESSAGES / 2, SERVED);
        }
    }

    /**
     * A node sleeps for longer than its lease. What clients have meanwhile sent it reads on waking, before it knows: it may acknowledge
     * nothing of that unless it is kept. Then it drops them, and serves again as a new incarnation, without being started.
     */
    @Test
    void aNodeThatSleptTooLongAcknowledgesNothingAndComesBackByItself(ClusterProcesses cluster, Fleet load)
            throws IOException {
        ClusterNode sleeper = cluster.node(1);
        String id = load.root() + "-sleeper";
        Watcher watcher = load.watch(cluster.node(2), id + "/#", 2);
        long before = cluster.incarnation(sleeper);
        int starts = sleeper.starts();
        try (RawClient stored = persistent(sleeper.port(), id, false)) {
            sleeper.pause();
            // Revoked, that is: until then it may have its lease again.
            Await.until("it was taken for dead", SERVED, () -> cluster.newestIncarnation(sleeper) != before);
            load.awaitProgress(MESSAGES, SERVED);
            stored.send(Packets.publish(1, 1, id + "/1", "qos 1"));
            stored.send(Packets.publish(2, 2, id + "/2", "qos 2"));
            stored.send(Packets.subscribe(3, id + "/late", 1));
            sleeper.resume();
            for (RawClient.Packet answer : toTheEnd(stored)) {
                assertIsTrue(answer, cluster.node(3), watcher, id);
            }
        }
        Await.until("it serves again", BACK, () -> cluster.incarnation(sleeper) > before && sleeper.isReady());
        assertEquals(starts, sleeper.starts());
        assertTrue(sleeper.isRunning());
        try (RawClient stored = persistent(sleeper.port(), id, true)) {
            stored.ping();
        }
        load.awaitProgress(MESSAGES, SERVED);
    }

    /** What it answers must be so. */
    private static void assertIsTrue(RawClient.Packet answer, ClusterNode other, Watcher watcher, String id)
            throws IOException {
        switch (answer.type()) {
            case 4 -> watcher.await("qos 1", SOON);
            case 5 -> watcher.await("qos 2", SOON);
            case 9 -> {
                try (RawClient moved = persistent(other.port(), id, true)) {
                    publish(moved, 1, 9, id + "/late", "for the late subscription");
                    assertEquals("for the late subscription", take(moved).payload());
                }
            }
            default -> throw new AssertionError("unexpected " + answer);
        }
    }

    /** All that comes until the node closes the connection, which it must. */
    private static List<RawClient.Packet> toTheEnd(RawClient client) throws IOException {
        client.socket().setSoTimeout((int) SOON.toMillis());
        List<RawClient.Packet> all = new ArrayList<>();
        for (Optional<RawClient.Packet> next = client.readOrEnd(); next.isPresent(); next = client.readOrEnd()) {
            all.add(next.get());
        }
        return all;
    }

    /** Its lease is still valid: its clients notice a delay, and nothing else. */
    @Test
    void aNodeThatSleepsForAMomentKeepsItsClients(ClusterProcesses cluster, Fleet load) throws IOException {
        ClusterNode sleeper = cluster.node(3);
        long before = cluster.incarnation(sleeper);
        try (RawClient client = persistent(sleeper.port(), load.root() + "-nap", false)) {
            client.socket().setSoTimeout(AT_ONCE_MILLIS);
            sleeper.pause();
            Await.until("it sleeps", SOON, () -> !answersAtOnce(client));
            sleeper.resume();
            client.socket().setSoTimeout((int) SOON.toMillis());
            assertEquals(13, client.read().type(), "PINGRESP");
            assertEquals(before, cluster.incarnation(sleeper));
        }
    }

    /** Whether a PINGREQ is; if not, then its answer is still to come. */
    private static boolean answersAtOnce(RawClient client) {
        try {
            client.ping();
            return true;
        } catch (AssertionError e) {
            if (e.getCause() instanceof SocketTimeoutException) {
                return false;
            }
            throw e;
        } catch (IOException e) {
            throw new AssertionError("the connection ended", e);
        }
    }
}
