package io.tuskmq.cluster;

import static io.tuskmq.cluster.TestNode.await;
import static io.tuskmq.cluster.TestNode.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MemoryClusterTest extends ClusterContract {
    private static final class MemoryWorld implements TestNode.World {
        final Vertx vertx = Vertx.vertx();
        final MemoryNetwork network = new MemoryNetwork(MemoryNetwork.Runner.on(vertx));

        @Override
        public Cluster cluster(long incarnation) {
            return new MemoryCluster(network);
        }

        @Override
        public void kill(TestNode node) {
            network.kill(node.incarnation);
        }

        @Override
        public void cut(TestNode one, TestNode other) {
            network.cut(one.incarnation, other.incarnation);
        }

        @Override
        public void mend(TestNode one, TestNode other) {
            network.mend(one.incarnation, other.incarnation);
        }

        @Override
        public void close() {
            await(vertx.close());
        }
    }

    @Override
    protected TestNode.World world() {
        return new MemoryWorld();
    }

    @Test
    void routesThatAreHeldAreAppliedWhenTheyAreReleased() {
        try (MemoryWorld world = new MemoryWorld()) {
            TestNode a = new TestNode(1, world.cluster(1)).open();
            TestNode b = new TestNode(2, world.cluster(2)).open();
            await(a.join(a.node(), b.node()));
            await(b.join(a.node(), b.node()));
            eventually(
                    "complete",
                    () -> a.cluster.missing().isEmpty() && b.cluster.missing().isEmpty());
            world.network.holdRoutes(1, 2);
            a.subscribe("a", Cluster.DIRECT);
            Future<Void> applied = a.cluster.routesApplied();
            b.subscribe("b", Cluster.DIRECT);
            await(b.cluster.routesApplied());
            assertFalse(applied.isComplete());
            assertEquals(Map.of(), b.routesOf(a));
            world.network.releaseRoutes(1, 2);
            await(applied);
            assertEquals(Map.of("a", Cluster.DIRECT), b.routesOf(a));
        }
    }

    @Test
    void mapsThatAreAwayFail() {
        try (MemoryWorld world = new MemoryWorld()) {
            TestNode a = new TestNode(1, world.cluster(1)).open();
            await(a.join(a.node()));
            world.network.mapsAway(true);
            Future<Cluster.Taken> taken = a.cluster.takeClientId("c");
            Future<Long> coordinator = a.cluster.coordinator("g");
            eventually("answered", () -> taken.isComplete() && coordinator.isComplete());
            assertTrue(taken.failed() && coordinator.failed());
            world.network.mapsAway(false);
            await(a.cluster.takeClientId("c"));
        }
    }
}
