package io.tuskmq.node.session;

import static io.tuskmq.node.session.GroupNode.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.rules.Subscription;
import io.vertx.core.Promise;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A message that loses its way inside of a node, where no chain of frames and no heartbeat sees it, is found and delivered (I2). */
final class AuditTest {
    private final GroupNode.World world = new GroupNode.World();
    private final GroupNode a = world.node("a");
    private final GroupNode b = world.node("b");

    @AfterEach
    void close() {
        world.close();
    }

    /** Idle lanes are touched meanwhile, as a node's housekeeping does. */
    private void eventually(String what, BooleanSupplier holds) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        CountDownLatch never = new CountDownLatch(1);
        while (!holds.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, () -> "not within 60 s: " + what);
            a.router.touch();
            b.router.touch();
            assertTrue(!never.await(100, TimeUnit.MILLISECONDS));
        }
    }

    /** The planted fault: the way to the filter's only subscriber is lost, and is there again after the message. */
    private void publishWithoutRoute(String payload) {
        Route route = b.routes.match("t")[0];
        Shard shard = b.shards.first(route.loggedShards());
        Promise<Route.Subscriber> lost = Promise.promise();
        shard.post(() -> {
            Route.Subscriber subscriber = route.subscribers(shard)[0];
            b.routes.remove(shard, subscriber.receiver(), "t");
            lost.complete(subscriber);
        });
        Route.Subscriber subscriber = get(lost.future());
        get(b.publish("t", payload, 2));
        Subscription again = subscriber.subscription();
        shard.post(() -> b.routes.add(shard, subscriber.receiver(), again));
    }

    @Test
    void whatLostItsWayInsideOfANodeIsFoundAndDelivered() throws InterruptedException {
        GroupClient client = GroupClient.stored("watcher");
        get(client.connect(b));
        get(client.subscribe("", "t", 2));
        get(a.publish("t", "1", 2));
        eventually("the session is live", () -> List.copyOf(client.got).equals(List.of("1")));
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
        eventually("the audit has begun", () -> System.nanoTime() > until);
        get(a.publish("t", "2", 2));
        eventually("the route is not taken away from this one", () -> client.got.contains("2"));
        publishWithoutRoute("lost");
        eventually("found", () -> client.got.contains("lost"));
        get(a.publish("t", "3", 2));
        eventually("what comes afterwards", () -> client.got.contains("3"));
        assertEquals(1, b.counters.messagesMissed());
        long more = System.nanoTime() + TimeUnit.SECONDS.toNanos(4);
        eventually("nothing else is found", () -> System.nanoTime() > more);
        assertEquals(
                List.of("1", "2", "3", "lost"), client.got.stream().sorted().toList(), "each once");
        assertEquals(1, b.counters.messagesMissed());
    }
}
