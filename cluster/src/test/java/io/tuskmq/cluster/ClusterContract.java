package io.tuskmq.cluster;

import static io.tuskmq.cluster.TestNode.await;
import static io.tuskmq.cluster.TestNode.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.cluster.Cluster.Node;
import io.tuskmq.cluster.Cluster.Taken;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link Cluster} of several nodes must do. */
public abstract class ClusterContract {
    private static final int D = Cluster.DIRECT;
    private static final int L = Cluster.LOGGED;

    private TestNode.World world;
    private final List<TestNode> nodes = new ArrayList<>();

    protected abstract TestNode.World world();

    @BeforeEach
    void makeWorld() {
        world = world();
    }

    @AfterEach
    void closeWorld() {
        nodes.forEach(node -> await(node.cluster.close()));
        world.close();
        for (TestNode node : nodes) {
            assertTrue(node.events.stream().noneMatch(e -> e.startsWith("overlap")), node.events::toString);
        }
    }

    /** Opens and joins one more node; all that live are told of it. */
    private TestNode join() {
        TestNode node = new TestNode(nodes.size() + 1L, world.cluster(nodes.size() + 1L)).open();
        nodes.add(node);
        await(node.join(live().toArray(Node[]::new)));
        tellNodes();
        return node;
    }

    private Stream<Node> live() {
        return nodes.stream().map(TestNode::node);
    }

    private void tellNodes() {
        List<Node> live = live().toList();
        nodes.forEach(node -> node.cluster.nodes(live));
    }

    private List<TestNode> three() {
        join();
        join();
        join();
        nodes.forEach(
                node -> eventually("complete", () -> node.cluster.missing().isEmpty()));
        return nodes;
    }

    /** The node is dead, and the others were told so. */
    private void die(TestNode node) {
        world.kill(node);
        nodes.remove(node);
        tellNodes();
    }

    @Test
    void aNodeAloneMissesNobodyAndWaitsForNobody() {
        TestNode a = join();
        assertEquals(Set.of(), a.cluster.missing());
        assertEquals(List.of(), a.cluster.linked());
        a.subscribe("a", D);
        await(a.cluster.routesApplied());
        assertFalse(a.cluster.tell(0, Buffer.buffer("x")));
    }

    @Test
    void routesAreAtEveryPeerWhenTheyAreApplied() {
        three();
        TestNode a = nodes.get(0);
        a.subscribe("a/+", D);
        a.subscribe("b/#", L);
        await(a.cluster.routesApplied());
        for (TestNode peer : nodes.subList(1, 3)) {
            assertEquals(Map.of("a/+", D, "b/#", L), peer.routesOf(a));
        }
        a.subscribe("a/+", D | L);
        a.unsubscribe("b/#");
        await(a.cluster.routesApplied());
        for (TestNode peer : nodes.subList(1, 3)) {
            assertEquals(Map.of("a/+", D | L), peer.routesOf(a));
        }
    }

    @Test
    void whoJoinsGetsAllThatWasThereBefore() {
        TestNode a = join();
        TestNode b = join();
        for (int i = 0; i < 5_000; i++) {
            a.subscribe("a/" + i, 1 + i % 3);
            b.subscribe("b/" + i, D);
        }
        TestNode c = join();
        eventually("complete", () -> c.cluster.missing().isEmpty());
        assertEquals(a.own, c.routesOf(a));
        assertEquals(b.own, c.routesOf(b));
    }

    @Test
    void routesOfAPeerThatIsLetGoAreForgottenAndTheOthersGoOn() {
        three();
        TestNode a = nodes.get(0);
        TestNode b = nodes.get(1);
        TestNode c = nodes.get(2);
        a.subscribe("of a", D);
        c.subscribe("of c", D);
        await(a.cluster.routesApplied());
        await(c.cluster.routesApplied());
        die(c);
        eventually("gone", () -> b.events.contains("gone 3"));
        assertEquals(Map.of(), b.routesOf(c));
        assertEquals(Map.of("of a", D), b.routesOf(a));
        a.subscribe("later", L);
        await(a.cluster.routesApplied());
        assertEquals(Map.of("of a", D, "later", L), b.routesOf(a));
        b.subscribe("of b", D);
        await(b.cluster.routesApplied());
        assertEquals(b.own, a.routesOf(b));
    }

    @Test
    void aPeerThatIsNotLinkedKeepsRoutesFromBeingAppliedUntilItIsLetGo() {
        three();
        TestNode a = nodes.get(0);
        TestNode c = nodes.get(2);
        world.kill(c);
        eventually("unlinked", () -> a.cluster.linked().size() == 1);
        a.subscribe("a", D);
        Future<Void> applied = a.cluster.routesApplied();
        eventually("applied at b", () -> nodes.get(1).routesOf(a).containsKey("a"));
        assertFalse(applied.isComplete());
        assertEquals(Set.of(c.node().peer()), a.cluster.missing());
        nodes.remove(c);
        tellNodes();
        await(applied);
    }

    @Test
    void onePeerIsWaitedForAlone() {
        three();
        TestNode a = nodes.get(0);
        TestNode c = nodes.get(2);
        world.kill(c);
        eventually("unlinked", () -> a.cluster.linked().size() == 1);
        a.subscribe("a", D);
        await(a.cluster.routesApplied(nodes.get(1).node().peer().incarnation()));
        assertEquals(D, nodes.get(1).routesOf(a).get("a"));
        assertFalse(a.cluster.routesApplied(c.node().peer().incarnation()).isComplete());
        assertTrue(a.cluster.routesApplied(4711).failed());
    }

    @Test
    void threeNodesChangeManyRoutesAtOnce() throws InterruptedException {
        three();
        List<Thread> threads = new ArrayList<>();
        for (TestNode node : nodes) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 20_000; i++) {
                    node.subscribe(node.incarnation + "/" + i, 1 + i % 3);
                }
                for (int i = 0; i < 20_000; i++) {
                    if (i % 1_000 != 0) {
                        node.unsubscribe(node.incarnation + "/" + i);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        for (TestNode node : nodes) {
            await(node.cluster.routesApplied());
            assertEquals(20, node.own.size());
            for (TestNode peer : nodes) {
                if (peer != node) {
                    assertEquals(node.own, peer.routesOf(node));
                }
            }
        }
        nodes.forEach(
                node -> eventually("complete", () -> node.cluster.missing().isEmpty()));
    }

    @Test
    void whatIsToldArrivesInOrder() {
        three();
        TestNode a = nodes.get(0);
        TestNode b = nodes.get(1);
        int slot = a.slotOf(b);
        for (int i = 0; i < 100; i++) {
            assertTrue(a.cluster.tell(slot, Buffer.buffer("" + i)));
        }
        eventually("the last", () -> b.events.contains("told 1 99"));
        List<String> told = b.events.stream().filter(e -> e.startsWith("told")).toList();
        for (int i = 0; i < 100; i++) {
            assertEquals("told 1 " + i, told.get(i));
        }
    }

    @Test
    void askedNodesAnswerOrTheQuestionFails() {
        three();
        Cluster a = nodes.get(0).cluster;
        assertEquals(
                "answer to 1", await(a.ask(2, Buffer.buffer("what"), 20_000)).toString());
        assertThrows(AssertionError.class, () -> await(a.ask(2, Buffer.buffer("no"), 20_000)));
        assertThrows(AssertionError.class, () -> await(a.ask(2, Buffer.buffer("never"), 100)));
        assertThrows(AssertionError.class, () -> await(a.ask(99, Buffer.buffer("what"), 20_000)));
    }

    @Test
    void aCutIsToldAtBothEndsAndMended() {
        three();
        TestNode a = nodes.get(0);
        TestNode b = nodes.get(1);
        world.cut(a, b);
        eventually("unlinked", () -> a.events.contains("unlinked 2") && b.events.contains("unlinked 1"));
        eventually("silent", () -> a.events.contains("silent 2") && b.events.contains("silent 1"));
        assertEquals(Set.of(b.node().peer()), a.cluster.missing());
        assertFalse(a.cluster.tell(a.slotOf(b), Buffer.buffer("lost")));
        a.subscribe("during the cut", D);
        Future<Void> applied = a.cluster.routesApplied();
        world.mend(a, b);
        eventually("complete", () -> a.cluster.missing().isEmpty());
        await(applied);
        assertEquals(a.own, b.routesOf(a));
        assertEquals(2, a.events.stream().filter(e -> e.equals("linked 2")).count());
        assertEquals(2, a.events.stream().filter(e -> e.equals("heard 2")).count());
    }

    @Test
    void numbersOfAClientIdRiseAndSayWhereItWas() {
        three();
        Cluster a = nodes.get(0).cluster;
        Cluster b = nodes.get(1).cluster;
        Taken first = await(a.takeClientId("c"));
        Taken second = await(b.takeClientId("c"));
        Taken third = await(b.takeClientId("c"));
        assertEquals(OptionalLong.empty(), first.at());
        assertEquals(OptionalLong.of(1), second.at());
        assertEquals(OptionalLong.empty(), third.at());
        assertTrue(first.number() < second.number() && second.number() < third.number());
        b.leaveClientId("c", second.number());
        assertEquals(OptionalLong.of(2), await(a.takeClientId("c")).at());
        // Nobody waits for what leaves: who takes the id in that moment may still be told of it.
        eventually("it is nowhere", () -> {
            Taken last = await(b.takeClientId("c"));
            b.leaveClientId("c", last.number());
            Taken again = await(a.takeClientId("c"));
            assertTrue(again.number() > last.number());
            return again.at().isEmpty();
        });
    }

    @Test
    void aClientIdThatWasTakenInVainIsWhereItWas() {
        three();
        Cluster a = nodes.get(0).cluster;
        Cluster b = nodes.get(1).cluster;
        Cluster c = nodes.get(2).cluster;
        Taken held = await(a.takeClientId("c"));
        Taken inVain = await(b.takeClientId("c"));
        a.keepClientId("c", inVain.number(), held.number());
        eventually("it is at a again", () -> {
            Taken asked = await(c.takeClientId("c"));
            boolean isAtA = asked.at().equals(OptionalLong.of(1));
            a.keepClientId("c", asked.number(), held.number());
            return isAtA;
        });
        Taken anew = await(c.takeClientId("c"));
        a.keepClientId("c", inVain.number(), held.number()); // too late: it was taken anew
        assertEquals(OptionalLong.of(3), await(b.takeClientId("c")).at());
        assertTrue(anew.number() > held.number());
    }

    @Test
    void aClientIdIsNotAtANodeThatIsGone() {
        three();
        TestNode c = nodes.get(2);
        Taken at3 = await(c.cluster.takeClientId("c"));
        die(c);
        Taken now = takenEventually(nodes.get(0).cluster);
        assertEquals(OptionalLong.empty(), now.at());
        assertTrue(now.number() > at3.number());
    }

    /** It may fail while the map moves to the nodes that are left. */
    private static Taken takenEventually(Cluster cluster) {
        List<Taken> taken = new ArrayList<>();
        eventually("taken", () -> {
            Future<Taken> future = cluster.takeClientId("c");
            eventually("answered", future::isComplete);
            if (future.succeeded()) {
                taken.add(future.result());
            }
            return future.succeeded();
        });
        return taken.getFirst();
    }

    @Test
    void aGroupIsCoordinatedByOneAndByAnotherWhenThatIsGone() {
        three();
        TestNode c = nodes.get(2);
        assertEquals(3, await(c.cluster.coordinator("g")));
        assertEquals(3, await(nodes.get(0).cluster.coordinator("g")));
        nodes.get(0).cluster.leaveGroup("g");
        assertEquals(3, await(nodes.get(1).cluster.coordinator("g")));
        die(c);
        Cluster b = nodes.get(1).cluster;
        eventually("moved", () -> {
            Future<Long> coordinator = b.coordinator("g");
            eventually("answered", coordinator::isComplete);
            return coordinator.succeeded() && coordinator.result() == 2;
        });
        assertEquals(2, await(nodes.get(0).cluster.coordinator("g")));
        b.leaveGroup("g");
        eventually("left", () -> await(nodes.get(0).cluster.coordinator("g")) == 1);
    }
}
