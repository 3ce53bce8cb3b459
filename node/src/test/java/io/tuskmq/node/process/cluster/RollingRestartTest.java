package io.tuskmq.node.process.cluster;

import static io.tuskmq.node.process.RawMqtt.clean;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** An operator's day: each node is stopped and started again while the load goes on. */
@ExtendWith(SharedCluster.class)
class RollingRestartTest {
    private static final Duration SOON = Duration.ofSeconds(15);
    /** A stop takes no longer; what orders it to stop gives it 30 s as a rule. */
    private static final Duration STOPS = Duration.ofSeconds(20);

    /** Use another server, or server shutting down. */
    private static final Set<Integer> REASONS = Set.of(0x9C, 0x8B);

    @Test
    void nodesAreRestartedInTurnUnderLoad(ClusterProcesses cluster, Fleet load) throws IOException {
        for (ClusterNode node : cluster.nodes()) {
            try (RawClient version5 =
                            RawClient.connected(node.port(), Packets.connectV5(load.root() + "-5-" + node.name()));
                    RawClient version3 = clean(node.port(), load.root() + "-3-" + node.name())) {
                Program.Exit exit = node.terminate();
                assertEquals(0, exit.code(), () -> node + "\n" + node.tail());
                assertTrue(exit.after().compareTo(STOPS) < 0, node + " stopped only after " + exit.after());
                RawClient.Packet last = version5.readToTheEnd().orElseThrow();
                assertEquals(14, last.type(), "DISCONNECT");
                assertTrue(REASONS.contains(last.u8(0)), last.toString());
                assertTrue(version3.readToTheEnd().isEmpty(), "MQTT 3 has no DISCONNECT from the server");
            }
            load.awaitProgress(40, SOON);
            node.restart();
            load.awaitProgress(40, SOON);
        }
    }

    /** All leave at once, as when a whole cluster is stopped: nobody waits for anybody. */
    @Test
    void aWholeClusterStopsAndStartsUnderLoad(ClusterProcesses cluster, Fleet load) {
        cluster.nodes().forEach(ClusterNode::askToStop);
        for (ClusterNode node : cluster.nodes()) {
            Program.Exit exit = node.awaitExit();
            assertEquals(0, exit.code(), () -> node + "\n" + node.tail());
        }
        cluster.restore();
        load.awaitProgress(40, SOON);
    }
}
