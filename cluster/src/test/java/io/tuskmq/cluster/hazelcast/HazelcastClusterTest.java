package io.tuskmq.cluster.hazelcast;

import static io.tuskmq.cluster.TestNode.await;
import static io.tuskmq.cluster.TestNode.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.ClusterContract;
import io.tuskmq.cluster.StubLinks;
import io.tuskmq.cluster.TestNode;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HazelcastClusterTest extends ClusterContract {
    static final class HazelcastWorld implements TestNode.World {
        final Vertx vertx = Vertx.vertx();
        final StubLinks.Hub hub = new StubLinks.Hub(vertx);

        @Override
        public HazelcastCluster cluster(long incarnation) {
            HazelcastCluster cluster =
                    new HazelcastCluster(vertx, hub.links(), HazelcastCluster.Options.of("127.0.0.1", 0));
            cluster.answerWithin(20_000);
            return cluster;
        }

        @Override
        public void kill(TestNode node) {
            await(((HazelcastCluster) node.cluster).kill());
        }

        @Override
        public void cut(TestNode one, TestNode other) {
            hub.cut(one.incarnation, other.incarnation);
        }

        @Override
        public void mend(TestNode one, TestNode other) {
            hub.mend(one.incarnation, other.incarnation);
        }

        @Override
        public void close() {
            await(vertx.close());
        }
    }

    @Override
    protected TestNode.World world() {
        return new HazelcastWorld();
    }

    /** Two nodes; batches of the first one's journal may be lost before Hazelcast has them. */
    private static final class LossyPair implements AutoCloseable {
        final HazelcastWorld world = new HazelcastWorld();
        final AtomicInteger toLose = new AtomicInteger();
        final AtomicBoolean away = new AtomicBoolean();
        final HazelcastCluster first = world.cluster(1);
        final HazelcastCluster second = world.cluster(2);
        final TestNode a = new TestNode(1, first);
        final TestNode b = new TestNode(2, second);

        LossyPair() {
            first.journalThrough(journal -> batch -> {
                if (away.get()) {
                    return new CompletableFuture<>();
                }
                return toLose.getAndUpdate(n -> Math.max(0, n - 1)) > 0
                        ? CompletableFuture.completedFuture(0L)
                        : journal.write(batch);
            });
            a.open();
            b.open();
            await(a.join(a.node(), b.node()));
            await(b.join(a.node(), b.node()));
            eventually(
                    "complete",
                    () -> first.missing().isEmpty() && second.missing().isEmpty());
        }

        @Override
        public void close() {
            await(a.cluster.close());
            await(b.cluster.close());
            world.close();
        }
    }

    @Test
    void aLostBatchIsMadeGoodByASnapshotWhenTheNextOneComes() {
        try (LossyPair pair = new LossyPair()) {
            long snapshots = pair.second.snapshotsOf(1);
            pair.toLose.set(1);
            pair.a.subscribe("lost", Cluster.DIRECT);
            Future<Void> applied = pair.a.cluster.routesApplied();
            eventually("lost", () -> pair.toLose.get() == 0);
            assertFalse(applied.isComplete());
            pair.a.subscribe("next", Cluster.DIRECT);
            await(applied);
            await(pair.a.cluster.routesApplied());
            assertEquals(pair.a.own, pair.b.routesOf(pair.a));
            assertTrue(pair.second.snapshotsOf(1) > snapshots);
        }
    }

    @Test
    void aLostLastBatchIsNoticedWithoutANextOne() {
        try (LossyPair pair = new LossyPair()) {
            pair.a.subscribe("stays", Cluster.DIRECT);
            pair.a.subscribe("goes", Cluster.DIRECT);
            await(pair.a.cluster.routesApplied());
            pair.toLose.set(2);
            pair.a.unsubscribe("goes");
            pair.a.subscribe("comes", Cluster.LOGGED);
            await(pair.a.cluster.routesApplied());
            assertEquals(pair.a.own, pair.b.routesOf(pair.a));
        }
    }

    @Test
    void routesComeBySnapshotsWhileHazelcastDoesNotAnswer() {
        try (LossyPair pair = new LossyPair()) {
            pair.away.set(true);
            pair.a.subscribe("first", Cluster.DIRECT);
            pair.a.subscribe("second", Cluster.DIRECT);
            await(pair.a.cluster.routesApplied());
            assertEquals(pair.a.own, pair.b.routesOf(pair.a));
            pair.away.set(false);
            pair.a.unsubscribe("first");
            await(pair.a.cluster.routesApplied());
            assertEquals(pair.a.own, pair.b.routesOf(pair.a));
        }
    }

    @Test
    void manyRoutesComeInPages() {
        try (LossyPair pair = new LossyPair()) {
            pair.toLose.set(1_000);
            for (int i = 0; i < 30_000; i++) {
                pair.a.subscribe("some/rather/long/filter/" + i, 1 + i % 3);
            }
            await(pair.a.cluster.routesApplied());
            assertEquals(pair.a.own, pair.b.routesOf(pair.a));
        }
    }

    @Test
    void hazelcastSaysWhichMemberWentAway() {
        try (LossyPair pair = new LossyPair()) {
            pair.world.kill(pair.b);
            eventually("suspected", () -> pair.a.events.contains("suspected 2"));
        }
    }

    @Test
    void clustersWithAnotherSecretHaveAnotherName() {
        String name = MemberConfig.clusterName(new byte[] {1});
        assertTrue(name.matches("tuskmq-[0-9a-f]{16}"), name);
        assertFalse(name.equals(MemberConfig.clusterName(new byte[] {2})));
    }
}
