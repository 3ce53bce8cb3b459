package io.tuskmq.node.process.cluster;

import static io.tuskmq.node.mqtt.Packets.connect4;
import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.u32;
import static io.tuskmq.node.process.RawMqtt.clean;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The will of a client of one node is seen on the others, exactly once (I8): wills and watchers are of QoS 2, so that each one counts.
 * That a will was not published is shown by what comes after it, never by waiting.
 */
@ExtendWith(SharedCluster.class)
class WillsAcrossNodesTest {
    private static final int WILL_QOS_2 = 0x04 | 0x10;
    private static final int WILL_RETAIN = 0x20;
    private static final int SESSION_EXPIRY = 0x11;
    private static final int WILL_DELAY = 0x18;
    private static final long DELAY_SECONDS = 3;
    private static final Duration SOON = Duration.ofSeconds(10);
    /** So long after its node was killed a client's will is there at the latest. */
    private static final Duration DEAD = ClusterProcesses.LEASE.plusSeconds(5);

    /** MQTT 3.1.1; the will's topic and text are the client id, below the load's own name. */
    private static RawClient withWill(ClusterNode node, String id, int flags) throws IOException {
        byte[] connect = connect4(WILL_QOS_2 | flags, 0, string(id), string("will/" + id), string(id));
        return RawMqtt.connect(node.port(), connect, false);
    }

    /** MQTT 5, with a session that stays and a will that waits. */
    private static RawClient withDelayedWill(ClusterNode node, String id, boolean present) throws IOException {
        RawClient client = RawMqtt.open(node.port());
        client.send(connect5(
                WILL_QOS_2,
                0,
                properties(property(SESSION_EXPIRY, u32(60))),
                string(id),
                properties(property(WILL_DELAY, u32(DELAY_SECONDS))),
                string("will/" + id),
                string(id)));
        RawClient.Packet connAck = client.read();
        assertEquals(present ? 1 : 0, connAck.u8(0), "session present");
        assertEquals(0, connAck.u8(1), "reason");
        return client;
    }

    private static Watcher watch(Fleet load, ClusterNode node) {
        return load.watch(node, "will/" + load.root() + "/#", 2);
    }

    /** What was published up to now has come: this comes after it. */
    private static void mark(Fleet load, ClusterNode node, List<Watcher> watchers) throws IOException {
        String topic = "will/" + load.root() + "/mark";
        try (RawClient client = clean(node.port(), load.root() + "-mark")) {
            publish(client, 2, 1, topic, "mark");
        }
        watchers.forEach(watcher -> watcher.await("mark", SOON));
    }

    @Test
    void anAbruptEndOnOneNodeIsSeenOnTheOthers(ClusterProcesses cluster, Fleet load) throws IOException {
        List<Watcher> watchers = List.of(watch(load, cluster.node(2)), watch(load, cluster.node(3)));
        String id = load.root() + "/abrupt";
        withWill(cluster.node(1), id, RawMqtt.CLEAN).abort();
        String other = load.root() + "/normal";
        try (RawClient normal = withWill(cluster.node(1), other, RawMqtt.CLEAN)) {
            normal.send(Packets.DISCONNECT);
            assertTrue(normal.readOrEnd().isEmpty());
        }
        watchers.forEach(watcher -> watcher.await(id, SOON));
        mark(load, cluster.node(1), watchers);
        watchers.forEach(watcher -> assertEquals(List.of(id, "mark"), watcher.payloads()));
    }

    /** Of clean and of stored sessions, at once and delayed. */
    @Test
    void theWillsOfAKilledNodesClientsComeOnceAndInTime(ClusterProcesses cluster, Fleet load) throws IOException {
        List<Watcher> watchers = List.of(watch(load, cluster.node(2)), watch(load, cluster.node(3)));
        String cleanId = load.root() + "/clean";
        String storedId = load.root() + "/stored";
        String delayedId = load.root() + "/delayed";
        ClusterNode dying = cluster.node(1);
        try (RawClient clean = withWill(dying, cleanId, RawMqtt.CLEAN);
                RawClient stored = withWill(dying, storedId, 0);
                RawClient delayed = withDelayedWill(dying, delayedId, false)) {
            clean.ping();
            stored.ping();
            delayed.ping();
            long killed = System.nanoTime();
            dying.killNine();
            Duration delay = Duration.ofSeconds(DELAY_SECONDS);
            for (Watcher watcher : watchers) {
                assertInTime(watcher, cleanId, killed, Duration.ZERO);
                assertInTime(watcher, storedId, killed, Duration.ZERO);
                assertInTime(watcher, delayedId, killed, delay);
            }
        }
        mark(load, cluster.node(2), watchers);
        for (Watcher watcher : watchers) {
            assertEquals(4, watcher.payloads().size(), () -> "each once: " + watcher.payloads());
        }
    }

    private static void assertInTime(Watcher watcher, String payload, long killed, Duration delay) {
        Duration after = Duration.ofNanos(
                watcher.await(payload, DEAD.plus(delay).plus(SOON)).nanos() - killed);
        assertTrue(after.compareTo(delay) >= 0, payload + " came early: after " + after);
        assertTrue(after.compareTo(DEAD.plus(delay)) <= 0, payload + " came late: after " + after);
    }

    /** The wills of all are in the database; whoever starts first publishes them. */
    @Test
    void theWillsOfACompletelyKilledClusterComeOnceFromTheFirstNodeThatStarts(ClusterProcesses cluster, Fleet load)
            throws IOException {
        Watcher watcher = watch(load, cluster.node(3));
        String one = load.root() + "/of-1";
        String two = load.root() + "/of-2";
        try (RawClient first = withWill(cluster.node(1), one, RawMqtt.CLEAN);
                RawClient second = withWill(cluster.node(2), two, 0)) {
            first.ping();
            second.ping();
            cluster.nodes().forEach(ClusterNode::killNine);
        }
        cluster.node(3).restart();
        watcher.await(one, DEAD.plus(SOON));
        watcher.await(two, DEAD.plus(SOON));
        mark(load, cluster.node(3), List.of(watcher));
        assertEquals(3, watcher.payloads().size(), () -> "each once: " + watcher.payloads());
    }

    /** [MQTT5-3.1.3.2.2]: back on another node within the delay; a second client that stays away shows that the time is over. */
    @Test
    void aDelayedWillIsCalledOffByComingBackToAnotherNode(ClusterProcesses cluster, Fleet load) throws IOException {
        Watcher watcher = watch(load, cluster.node(3));
        String back = load.root() + "/back";
        String away = load.root() + "/away";
        try (RawClient first = withDelayedWill(cluster.node(1), back, false);
                RawClient second = withDelayedWill(cluster.node(1), away, false)) {
            first.abort();
            second.abort();
        }
        try (RawClient again = withDelayedWill(cluster.node(2), back, true)) {
            watcher.await(away, SOON);
            mark(load, cluster.node(3), List.of(watcher));
            assertEquals(List.of(away, "mark"), watcher.payloads());
            again.send(Packets.DISCONNECT);
        }
    }

    /** The same after the death of its node. */
    @Test
    void aDelayedWillOfAKilledNodesClientIsCalledOffByComingBack(ClusterProcesses cluster, Fleet load)
            throws IOException {
        Watcher watcher = watch(load, cluster.node(3));
        String back = load.root() + "/back";
        String away = load.root() + "/away";
        try (RawClient first = withDelayedWill(cluster.node(1), back, false);
                RawClient second = withDelayedWill(cluster.node(1), away, false)) {
            first.ping();
            second.ping();
            cluster.node(1).killNine();
        }
        try (RawClient again = withDelayedWill(cluster.node(2), back, true)) {
            watcher.await(away, DEAD.plusSeconds(DELAY_SECONDS).plus(SOON));
            mark(load, cluster.node(2), List.of(watcher));
            assertEquals(List.of(away, "mark"), watcher.payloads());
            again.send(Packets.DISCONNECT);
        }
    }

    /** "online" retained, and "offline" as a retained will: how fleets of devices are watched. */
    @Test
    void presenceIsRightAfterItsNodeWasKilled(ClusterProcesses cluster, Fleet load) throws IOException {
        String topic = load.root() + "-presence/slow";
        Watcher watcher = load.watch(cluster.node(2), topic, 2);
        try (RawClient device = comeOnline(cluster.node(1), topic, false)) {
            watcher.await("online", SOON);
            device.ping();
            cluster.node(1).killNine();
            watcher.await("offline", DEAD.plus(SOON));
        }
        try (RawClient back = comeOnline(cluster.node(3), topic, true)) {
            Await.until("online again", SOON, () -> watcher.payloads().equals(List.of("online", "offline", "online")));
            assertEquals("online", retained(cluster.node(2), topic));
            back.ping();
        }
    }

    /** The device is back before anybody has noticed: what its old connection leaves may not come after "online". */
    @Test
    void presenceIsRightWhenTheDeviceIsBackBeforeItsNodesDeathIsNoticed(ClusterProcesses cluster, Fleet load)
            throws IOException {
        String topic = load.root() + "-presence/fast";
        String other = load.root() + "/other";
        Watcher watcher = load.watch(cluster.node(2), topic, 2);
        Watcher others = watch(load, cluster.node(2));
        try (RawClient device = comeOnline(cluster.node(1), topic, false);
                RawClient lost = withWill(cluster.node(1), other, RawMqtt.CLEAN)) {
            watcher.await("online", SOON);
            device.ping();
            lost.ping();
            cluster.node(1).killNine();
        }
        try (RawClient back = comeOnline(cluster.node(3), topic, true)) {
            others.await(other, DEAD.plus(SOON)); // by now the death was noticed
            mark(load, cluster.node(3), List.of(others));
            assertEquals("online", retained(cluster.node(2), topic));
            assertEquals(
                    "online",
                    watcher.payloads().getLast(),
                    () -> watcher.payloads().toString());
            back.ping();
        }
    }

    /** A device with a stored session; it stays connected as long as the caller holds it: sockets that nobody holds are closed. */
    private static RawClient comeOnline(ClusterNode node, String topic, boolean present) throws IOException {
        byte[] connect =
                connect4(WILL_QOS_2 | WILL_RETAIN, 0, string(topic + "-device"), string(topic), string("offline"));
        RawClient device = RawMqtt.connect(node.port(), connect, present);
        byte[] online = Packets.publish(1, 1, topic, "online");
        online[0] |= 1;
        device.send(online);
        assertEquals("40 00 01", device.read().hex(), "PUBACK");
        return device;
    }

    private static String retained(ClusterNode node, String topic) throws IOException {
        try (RawClient client = clean(node.port(), topic + "-look")) {
            subscribe(client, topic, 1);
            return take(client).payload();
        }
    }
}
