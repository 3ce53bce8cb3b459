package io.tuskmq.node.process.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The tools of the tests in this package do what they say. */
@ExtendWith(SharedCluster.class)
class ClusterProcessesTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    void aKilledNodeComesBackOnItsPorts(ClusterProcesses cluster, Fleet load) {
        ClusterNode node = cluster.node(1);
        int starts = node.starts();
        node.killNine();
        assertFalse(node.isRunning());
        assertFalse(node.isReady());
        node.restart();
        assertEquals(starts + 1, node.starts());
        load.awaitProgress(50, SOON);
    }

    @Test
    void aPausedNodeSaysNothingUntilItIsResumed(ClusterProcesses cluster) {
        ClusterNode node = cluster.node(1);
        node.pause();
        assertTrue(node.isRunning());
        assertFalse(node.isReady());
        node.resume();
        Await.until("ready again", SOON, node::isReady);
    }

    @Test
    void haProxySendsOnlyToNodesThatAreReady(ClusterProcesses cluster) {
        assertEquals(Set.of("n1", "n2", "n3"), cluster.proxy().up());
        cluster.node(2).killNine();
        cluster.proxy().awaitUp(Set.of("n1", "n3"));
        cluster.node(2).restart();
        cluster.proxy().awaitUp(Set.of("n1", "n2", "n3"));
    }

    @Test
    void aKilledDatabaseComesBackOnItsPort(ClusterProcesses cluster, Fleet load) throws java.sql.SQLException {
        cluster.database().killNine();
        assertFalse(cluster.database().isRunning());
        cluster.database().start();
        try (var connection = cluster.database().connect()) {
            assertTrue(connection.isValid(1));
        }
        load.awaitProgress(50, SOON);
    }
}
