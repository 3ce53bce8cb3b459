package io.tuskmq.node.process.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Silent cuts of the network, for longer than the lease. Nothing is lost; of two nodes that no longer reach each other exactly one goes on
 * serving, whichever the database lets win; healed, the other one comes back by itself.
 */
@ExtendWith(CutCluster.class)
class CutTest {
    private static final Duration SERVED = ClusterProcesses.LEASE.plusSeconds(30);
    private static final Duration GIVES_WAY =
            ClusterProcesses.LEASE.multipliedBy(3).plusSeconds(3);
    private static final Duration STILL = ClusterProcesses.LEASE.plusSeconds(1);
    private static final Duration BACK = Duration.ofSeconds(90);
    private static final int MESSAGES = 60;

    @Test
    void ofTwoNodesThatAreCutFromEachOtherExactlyOneGoesOn(ClusterProcesses cluster, Namespaces network, Fleet load) {
        List<Integer> starts = starts(cluster);
        network.cut("n1", "n2");
        assertOneGivesWay(cluster);
        load.awaitProgress(MESSAGES, SERVED);
        network.heal();
        assertAllBack(cluster, starts);
        load.awaitProgress(MESSAGES, SERVED);
    }

    /** One hears the other, and is not heard. */
    @Test
    void ofTwoNodesThatAreCutInOneDirectionExactlyOneGoesOn(ClusterProcesses cluster, Namespaces network, Fleet load) {
        List<Integer> starts = starts(cluster);
        network.cutOneWay("n2", "n1");
        assertOneGivesWay(cluster);
        load.awaitProgress(MESSAGES, SERVED);
        network.heal();
        assertAllBack(cluster, starts);
        load.awaitProgress(MESSAGES, SERVED);
    }

    /** Its lease ends while the others' go on. */
    @Test
    void aNodeThatIsCutFromTheDatabaseGivesWay(ClusterProcesses cluster, Namespaces network, Fleet load) {
        assertGivesWay(cluster, network, load, () -> network.cut("n1", "db"));
    }

    /** Its writes arrive, their answers do not. */
    @Test
    void aNodeThatDoesNotHearTheDatabaseGivesWay(ClusterProcesses cluster, Namespaces network, Fleet load) {
        assertGivesWay(cluster, network, load, () -> network.cutOneWay("db", "n1"));
    }

    @Test
    void aNodeThatIsCutFromAllGivesWay(ClusterProcesses cluster, Namespaces network, Fleet load) {
        assertGivesWay(cluster, network, load, () -> {
            network.cut("n1", "n2");
            network.cut("n1", "n3");
            network.cut("n1", "db");
        });
    }

    private static void assertGivesWay(ClusterProcesses cluster, Namespaces network, Fleet load, Runnable cut) {
        List<Integer> starts = starts(cluster);
        cut.run();
        awaitGivesWay(List.of(cluster.node(1)));
        assertGoOn(List.of(cluster.node(2), cluster.node(3)));
        load.awaitProgress(MESSAGES, SERVED);
        network.heal();
        assertAllBack(cluster, starts);
        load.awaitProgress(MESSAGES, SERVED);
    }

    private static void assertOneGivesWay(ClusterProcesses cluster) {
        ClusterNode one = cluster.node(1);
        ClusterNode other = cluster.node(2);
        ClusterNode loser = awaitGivesWay(List.of(one, other));
        assertGoOn(List.of(loser == one ? other : one, cluster.node(3)));
        assertFalse(loser.isReady(), "as long as they are cut only one of them serves");
    }

    /** The first one of them that says that it does not serve any more. */
    private static ClusterNode awaitGivesWay(List<ClusterNode> nodes) {
        List<ClusterNode> losers = new ArrayList<>();
        Await.until("one of " + nodes + " gives way", GIVES_WAY, () -> {
            nodes.stream().filter(ClusterNode::saysNotReady).forEach(losers::add);
            return !losers.isEmpty();
        });
        return losers.getFirst();
    }

    /** None of them says that it stops serving, for longer than a lease, and then each one says that it serves. */
    private static void assertGoOn(List<ClusterNode> nodes) {
        Await.always(nodes + " go on", STILL, () -> nodes.stream().noneMatch(ClusterNode::saysNotReady));
        nodes.forEach(node -> Await.until(node + " serves", STILL, node::isReady));
    }

    /** By themselves: no process was started for it. */
    private static void assertAllBack(ClusterProcesses cluster, List<Integer> starts) {
        Await.until("all serve again", BACK, () -> cluster.nodes().stream().allMatch(ClusterNode::isReady));
        assertEquals(starts, starts(cluster));
    }

    private static List<Integer> starts(ClusterProcesses cluster) {
        return cluster.nodes().stream().map(ClusterNode::starts).toList();
    }
}
