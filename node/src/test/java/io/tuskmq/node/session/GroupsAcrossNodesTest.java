package io.tuskmq.node.session;

import static io.tuskmq.node.session.GroupNode.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Shared subscriptions whose members are on several nodes, and what breaks between them at bad moments. The first node is the
 * coordinator: its member comes first. The third one only publishes, until a member flees to it.
 */
final class GroupsAcrossNodesTest {
    private static final String GROUP = "g";
    private static final String TOPIC = "t";

    private final GroupNode.World world = new GroupNode.World();

    @SuppressWarnings("NullAway.Init")
    private GroupNode a;

    @SuppressWarnings("NullAway.Init")
    private GroupNode b;

    @SuppressWarnings("NullAway.Init")
    private GroupNode c;

    private final GroupClient onA = GroupClient.stored("on-a");
    private final GroupClient onB = GroupClient.stored("on-b");

    @BeforeEach
    void start() {
        a = world.node("a");
        b = world.node("b");
        c = world.node("c");
    }

    @AfterEach
    void close() {
        world.close();
    }

    private void join(GroupClient client, GroupNode node, int qos) {
        get(client.connect(node));
        get(client.subscribe(GROUP, TOPIC, qos));
    }

    private void publish(int qos, int from, int to) {
        List<Future<Void>> committed = new ArrayList<>();
        for (int i = from; i < to; i++) {
            committed.add(c.publish(TOPIC, Integer.toString(i), qos));
        }
        get(Future.all(committed));
    }

    private static void eventually(String what, BooleanSupplier holds) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        CountDownLatch never = new CountDownLatch(1);
        try {
            while (!holds.getAsBoolean()) {
                if (System.nanoTime() > end) {
                    throw new AssertionError("not within 30 s: " + what);
                }
                assertFalse(never.await(5, TimeUnit.MILLISECONDS));
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** How often each message came, to whomever. */
    private Map<Integer, Integer> counts() {
        Map<Integer, Integer> counts = new TreeMap<>();
        onA.got.forEach(payload -> counts.merge(Integer.parseInt(payload), 1, Integer::sum));
        onB.got.forEach(payload -> counts.merge(Integer.parseInt(payload), 1, Integer::sum));
        return counts;
    }

    private void awaitAll(int messages) {
        try {
            eventually(messages + " messages", () -> counts().size() == messages);
        } catch (AssertionError e) {
            throw new AssertionError("a has " + onA.got + ", b has " + onB.got, e);
        }
    }

    private static Map<Integer, Integer> once(int messages) {
        Map<Integer, Integer> once = new TreeMap<>();
        for (int i = 0; i < messages; i++) {
            once.put(i, 1);
        }
        return once;
    }

    /** A further message has come: whatever else was on its way by then, has. */
    private void assertExactlyOnce(int messages) {
        awaitAll(messages);
        publish(2, messages, messages + 20);
        awaitAll(messages + 20);
        assertEquals(once(messages + 20), counts());
    }

    /** [MQTT5-4.8.2-1] */
    @Test
    void dealsToMembersOnAllNodes() {
        join(onA, a, 2);
        join(onB, b, 2);
        publish(2, 0, 100);
        publish(1, 100, 200);
        awaitAll(200);
        assertEquals(once(200), counts());
        assertEquals(100, onA.got.size(), "in turn");
    }

    @Test
    void keepsMessagesWhileAllMembersAreAway() {
        join(onA, a, 2);
        join(onB, b, 2);
        onA.disconnect();
        onB.disconnect();
        publish(2, 0, 50);
        get(onB.connect(b));
        awaitAll(50);
        assertExactlyOnce(50);
    }

    /** What waits for PUBACK behind a broken link goes to others; when the link is back its member takes part again. */
    @Test
    void othersGetWhatAMemberBehindABrokenLinkHas() {
        join(onA, a, 1);
        join(onB, b, 1);
        onB.acknowledges = false;
        publish(1, 0, 40);
        eventually("half of them are with b", () -> onB.got.size() == 20);
        a.cut(b);
        eventually("a gets all", () -> onA.got.size() == 40);
        onB.acknowledges = true;
        a.mend(b);
        int before = onB.got.size();
        eventually("b is dealt to again", () -> {
            publish(1, 40, 42);
            return onB.got.size() > before;
        });
    }

    /** The member's node has written that it takes them, and can't say so: they are its own. */
    @Test
    void aMessageTakenBehindABrokenLinkIsNotDealtAgain() {
        join(onA, a, 2);
        join(onB, b, 2);
        HeldRunner.Gate taking = b.database.holdAfter("sessions.take");
        publish(2, 0, 40);
        get(taking.came.future());
        eventually("a has its half", () -> onA.got.size() == 20);
        a.cut(b);
        eventually("all that b has not taken", () -> onA.got.size() >= 20);
        taking.open();
        a.mend(b);
        assertExactlyOnce(40);
    }

    /** The member's node is about to write that it takes them, when the coordinator gives them to others: it never may. */
    @Test
    void aMessageDealtAgainCanNotBeTaken() {
        join(onA, a, 2);
        join(onB, b, 2);
        HeldRunner.Gate taking = b.database.holdBefore("sessions.take");
        publish(2, 0, 40);
        get(taking.came.future());
        a.cut(b);
        eventually("a gets all", () -> onA.got.size() == 40);
        taking.open();
        a.mend(b);
        assertExactlyOnce(40);
    }

    @Test
    void anotherNodeCoordinatesWhenTheCoordinatorDies() {
        join(onA, a, 2);
        join(onB, b, 2);
        HeldRunner.Gate taking = b.database.holdAfter("sessions.take");
        publish(2, 0, 40);
        get(taking.came.future());
        a.kill();
        taking.open();
        get(onA.connect(c));
        assertExactlyOnce(40);
    }

    @Test
    void nothingIsTakenFromADeadCoordinatorLater() {
        join(onA, a, 2);
        join(onB, b, 2);
        HeldRunner.Gate taking = b.database.holdBefore("sessions.take");
        publish(2, 0, 40);
        get(taking.came.future());
        eventually("a has its half", () -> onA.got.size() == 20);
        a.kill();
        get(onA.connect(c));
        AtomicInteger next = new AtomicInteger(40); // all of the other half may be with b again
        eventually("another node deals to a", () -> {
            publish(2, next.get(), next.incrementAndGet());
            return onA.got.size() > 20;
        });
        taking.open();
        assertExactlyOnce(next.get());
    }

    /** What it took is finished where the client comes back, what it didn't goes to others. */
    @Test
    void aMembersNodeDiesWhileItTakes() {
        join(onA, a, 2);
        join(onB, b, 2);
        HeldRunner.Gate taking = b.database.holdAfter("sessions.take");
        publish(2, 0, 40);
        get(taking.came.future());
        b.kill();
        get(onB.connect(c));
        assertExactlyOnce(40);
    }

    @Test
    void aMemberLeavesWhileItTakes() {
        join(onA, a, 2);
        join(onB, b, 2);
        HeldRunner.Gate taking = b.database.holdAfter("sessions.take");
        publish(2, 0, 40);
        get(taking.came.future());
        onB.disconnect();
        taking.open();
        get(onB.connect(c));
        assertExactlyOnce(40);
    }

    @Test
    void aCoordinatorThatStopsHandsTheGroupOver() {
        join(onA, a, 2);
        join(onB, b, 2);
        publish(2, 0, 40);
        a.stop();
        get(onA.connect(c));
        assertExactlyOnce(40);
    }

    /** Between nodes whose links break again and again. */
    @Test
    void breakingLinksCostNothing() {
        join(onA, a, 2);
        join(onB, b, 2);
        for (int round = 0; round < 8; round++) {
            publish(2, round * 30, round * 30 + 30);
            a.cut(b);
            publish(2, 240 + round * 10, 240 + round * 10 + 10);
            a.mend(b);
        }
        assertExactlyOnce(320);
    }

    /** Nothing of it is stored: the coordinator's memory has it. */
    @Test
    void cleanMembersOfSeveralNodesShareToo() {
        GroupClient cleanA = new GroupClient("clean-a", 0);
        GroupClient cleanB = new GroupClient("clean-b", 0);
        join(cleanA, a, 1);
        join(cleanB, b, 1);
        eventually("both get something", () -> {
            publish(1, 0, 1);
            return !cleanA.got.isEmpty() && !cleanB.got.isEmpty();
        });
        a.kill();
        int before = cleanB.got.size();
        eventually("the other node coordinates it now", () -> {
            publish(1, 0, 1);
            return cleanB.got.size() > before;
        });
    }

    /** A clean member that comes back first is not to have a group of its own beside the stored one. */
    @Test
    void aStoredGroupIsNotOverlooked() {
        join(onB, b, 2);
        onB.disconnect();
        GroupClient clean = new GroupClient("on-a", 0);
        join(clean, a, 2);
        publish(2, 0, 50);
        eventually("the clean member has all", () -> clean.got.size() == 50);
        get(onB.connect(b));
        publish(2, 50, 70);
        eventually("they share", () -> clean.got.size() + onB.got.size() >= 70);
        onA.got.addAll(clean.got);
        assertEquals(once(70), counts());
    }

    /** I7: without this the message found no route, and nothing kept it. */
    @Test
    void whatFollowsTheSubAckOfACleanMemberComes() {
        for (int i = 0; i < 20; i++) {
            String topic = "clean" + i;
            GroupClient first = new GroupClient("first" + i, 0);
            get(first.connect(a));
            get(first.subscribe(GROUP, topic, 1));
            get(c.publish(topic, "1", 1));
            GroupClient second = new GroupClient("second" + i, 0);
            get(second.connect(b));
            get(second.subscribe(GROUP, topic, 1));
            get(c.publish(topic, "2", 1));
            get(c.publish(topic, "3", 1));
            eventually("all have come", () -> first.got.size() + second.got.size() == 3);
            assertFalse(second.got.isEmpty(), "SUBACK means that it has its turn");
        }
    }

    /** The group that its connection leaves is still being given up when the next one joins it. */
    @Test
    void theOnlyCleanMemberComesBackAtOnceAndMissesNothing() {
        GroupClient only = new GroupClient("only", 0);
        for (int i = 0; i < 30; i++) {
            get(only.connect(i % 3 == 2 ? b : a));
            get(only.subscribe(GROUP, TOPIC, 1));
            publish(1, i, i + 1);
            int number = i + 1;
            eventually("message " + i, () -> only.got.size() == number);
            only.disconnect();
        }
    }

    /** What the link brings in one go is handled at once, while the join is still on its way to the group's shard. */
    @Test
    void aMemberThatGoesBeforeItsJoinIsThereIsNoMember() {
        long other = b.lease.incarnation();
        var join = new GroupFrame.Join(77, GROUP, TOPIC, 1, true, 10);
        Shard shard = a.shards.of(world.vertx.getOrCreateContext());
        Promise<Void> said = Promise.promise();
        shard.post(() -> {
            a.groups.join(other, join).onComplete(ignored -> {});
            a.groups.told(other, new GroupFrame.Parting(77, GroupFrame.Parting.How.GONE));
            a.groups.told(other, new GroupFrame.Parting(77, GroupFrame.Parting.How.FINISHED));
            said.complete();
        });
        get(said.future());
        eventually("nobody wants the group", () -> a.groups.count() == 0);
    }
}
