package io.tuskmq.cluster.hazelcast;

import static io.tuskmq.cluster.TestNode.await;
import static io.tuskmq.cluster.TestNode.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Cluster.Node;
import io.tuskmq.cluster.Cluster.Taken;
import io.tuskmq.cluster.StubLinks;
import io.tuskmq.cluster.TestNode;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Hazelcast is cut in two while the links and the database are well. */
class SplitTest {
    private final Vertx vertx = Vertx.vertx();
    private final StubLinks.Hub hub = new StubLinks.Hub(vertx);
    private final Walls walls = new Walls();
    private final List<TestNode> nodes = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        nodes.forEach(node -> await(node.cluster.close()));
        walls.close();
        await(vertx.close());
    }

    private TestNode join() throws IOException {
        long incarnation = nodes.size() + 1L;
        String host = "127.0.0." + (incarnation + 1);
        HazelcastCluster cluster = new HazelcastCluster(vertx, hub.links(), HazelcastCluster.Options.of(host, 0));
        AtomicInteger wall = new AtomicInteger();
        cluster.configThrough(config -> {
            config.getNetworkConfig().setPublicAddress(host + ":" + wall.get());
            // 127.0.0.2 is nowhere among the interfaces, and yet it is here.
            return config.setProperty("hazelcast.local.localAddress", host)
                    .setProperty("hazelcast.socket.client.bind.any", "false");
        });
        TestNode node = new TestNode(incarnation, cluster).open();
        wall.set(walls.before(host, node.memberPort()));
        node.memberPort(wall.get());
        nodes.add(node);
        List<Node> live = nodes.stream().map(TestNode::node).toList();
        await(node.join(live.toArray(Node[]::new)));
        nodes.forEach(each -> each.cluster.nodes(live));
        return node;
    }

    @Test
    void bothHalvesGoOnAndComeTogetherAgain() throws IOException {
        TestNode a = join();
        TestNode b = join();
        TestNode c = join();
        nodes.forEach(
                node -> eventually("complete", () -> node.cluster.missing().isEmpty()));
        a.subscribe("before", Cluster.DIRECT);
        await(a.cluster.routesApplied());

        walls.cut("127.0.0.2", "127.0.0.4");
        walls.cut("127.0.0.3", "127.0.0.4");
        eventually("split", () -> a.events.contains("suspected 3") && c.events.contains("suspected 1"));
        nodes.forEach(node -> node.subscribe("during " + node.incarnation, Cluster.LOGGED));
        nodes.forEach(node -> await(node.cluster.routesApplied()));
        assertSameRoutes();
        long ours = taken(a).number();
        long theirs = taken(c).number();

        walls.mend();
        eventually("merged", () -> c.events.contains("merged") || a.events.contains("merged"));
        for (TestNode node : nodes) {
            node.subscribe("after " + node.incarnation, Cluster.DIRECT);
            node.unsubscribe("during " + node.incarnation);
            await(node.cluster.routesApplied());
        }
        assertSameRoutes();
        nodes.forEach(
                node -> eventually("complete", () -> node.cluster.missing().isEmpty()));
        assertTrue(taken(b).number() > Math.max(ours, theirs));
    }

    private void assertSameRoutes() {
        for (TestNode node : nodes) {
            for (TestNode peer : nodes) {
                if (peer != node) {
                    assertEquals(node.own, peer.routesOf(node));
                }
            }
        }
    }

    /** It fails while partitions move. */
    private static Taken taken(TestNode at) {
        List<Taken> taken = new ArrayList<>();
        eventually("taken", () -> {
            Future<Taken> future = at.cluster.takeClientId("client");
            eventually("answered", future::isComplete);
            if (future.succeeded()) {
                taken.add(future.result());
            }
            return future.succeeded();
        });
        return taken.getFirst();
    }
}
