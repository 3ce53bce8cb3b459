package io.tuskmq.node.process.cluster;

import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.u32;
import static io.tuskmq.node.process.RawMqtt.clean;
import static io.tuskmq.node.process.RawMqtt.open;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client id that connects to another node takes the place of its older connection (I5, [MQTT-3.1.4-2]). */
@ExtendWith(SharedCluster.class)
class TakeoverAcrossNodesTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int SESSION_EXPIRY = 0x11;
    private static final int CLEAN_START = 0x02;

    private static RawClient connect5At(ClusterNode node, String id, long expirySeconds, boolean present)
            throws IOException {
        RawClient client = open(node.port());
        int flags = expirySeconds == 0 ? CLEAN_START : 0;
        client.send(connect5(flags, 0, properties(property(SESSION_EXPIRY, u32(expirySeconds))), string(id)));
        RawClient.Packet connAck = client.read();
        assertEquals(2, connAck.type());
        assertEquals(present ? 1 : 0, connAck.u8(0), "session present");
        assertEquals(0, connAck.u8(1), "reason");
        return client;
    }

    /** The older one is told so and closed, and not served any more: what it sends afterwards is not answered. */
    private static void assertTakenOver(RawClient older) throws IOException {
        older.sendToTheEnd(Packets.PINGREQ);
        RawClient.Packet last = older.readToTheEnd().orElseThrow();
        assertEquals("e0 8e", Packets.hexOf(new byte[] {(byte) last.first(), (byte) last.u8(0)}), "DISCONNECT 0x8E");
    }

    /** @param expirySeconds 0: a clean session */
    @ParameterizedTest
    @ValueSource(longs = {0, 3600})
    void theOlderConnectionOnAnotherNodeIsToldAndClosed(long expirySeconds, ClusterProcesses cluster)
            throws IOException {
        String id = "takeover-" + expirySeconds;
        RawClient older = connect5At(cluster.node(1), id, expirySeconds, false);
        for (int number = 2; number <= 7; number++) {
            RawClient newer = connect5At(cluster.node(1 + (number - 1) % 3), id, expirySeconds, expirySeconds > 0);
            assertTakenOver(older);
            older.close();
            newer.ping();
            older = newer;
        }
        older.close();
    }

    @Test
    void aSessionGoesOnWithoutAGapWhileItsClientMoves(ClusterProcesses cluster, Fleet load) throws IOException {
        String id = load.root() + "-moves";
        RawClient client = persistent(cluster.node(1).port(), id, false);
        subscribe(client, id, 2);
        try (RawClient publisher = clean(cluster.node(3).port(), id + "-publisher")) {
            for (int number = 1; number <= 9; number++) {
                publish(publisher, 2, number, id, "message " + number);
                RawClient moved = persistent(cluster.node(1 + number % 3).port(), id, true);
                client.readToTheEnd(); // perhaps the message, which then comes again
                client.close();
                client = moved;
                assertEquals("message " + number, take(client).payload());
            }
        }
        client.close();
    }

    @Test
    void aCleanConnectToAnotherNodeEndsTheStoredSession(ClusterProcesses cluster, Fleet load) throws IOException {
        String id = load.root() + "-ended";
        try (RawClient stored = persistent(cluster.node(1).port(), id, false)) {
            subscribe(stored, id, 2);
            try (RawClient fresh = clean(cluster.node(2).port(), id)) {
                assertTrue(stored.readToTheEnd().isEmpty());
                fresh.ping();
            }
        }
        persistent(cluster.node(3).port(), id, false).close();
    }

    /** @param flags of CONNECT */
    @ParameterizedTest
    @ValueSource(ints = {0, RawMqtt.CLEAN})
    void rivalsForOneClientIdAreNeverServedAtTheSameTime(int flags, ClusterProcesses cluster, Fleet load) {
        String id = load.root() + "-rivals";
        try (Rivals rivals = new Rivals(id, flags)) {
            cluster.nodes().forEach(node -> rivals.fightFrom(node::open));
            Await.until("they throw each other out", SOON, () -> rivals.connections() >= 60);
            assertEquals(List.of(), rivals.faults());
        }
    }
}
