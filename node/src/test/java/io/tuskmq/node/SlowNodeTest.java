package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.util.concurrent.EventExecutor;
import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.cluster.Ports;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.internal.VertxInternal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Clean subscribers on a node that is slower than the publishers of another one. */
@ExtendWith(PostgresExtension.class)
final class SlowNodeTest {
    /** More than the slow node, the sockets and the fast node have room for. */
    private static final int MESSAGES = 100_000;

    private static final int PAYLOAD_BYTES = 400;
    private static final long LIMIT_SECONDS = 90;

    private static TestNode start(EventLoops loops, TestDatabase database, String name) {
        return TestNode.ofCluster(
                loops,
                database,
                "node.name",
                name,
                "database.url",
                database.urlString(),
                "cluster.host",
                "127.0.0.1",
                "cluster.port",
                Integer.toString(Ports.free()));
    }

    private static RawClient subscriber(TestNode node, String topic) throws IOException {
        RawClient client = RawClient.connected(node.port(), Packets.connect("s-" + topic));
        client.send(Packets.subscribe(1, topic, 0));
        assertEquals(9, client.read().type());
        return client;
    }

    private static byte[] portion(String topic, int count) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] one = Packets.publish(0, 0, topic, "x".repeat(PAYLOAD_BYTES));
        for (int i = 0; i < count; i++) {
            bytes.writeBytes(one);
        }
        return bytes.toByteArray();
    }

    private static void flood(RawClient publisher, String topic) {
        byte[] thousand = portion(topic, 1_000);
        for (int i = 0; i < MESSAGES / 1_000; i++) {
            send(publisher, thousand);
        }
    }

    private static void send(RawClient publisher, byte[] packets) {
        try {
            publisher.send(packets);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The event loops for clients do something else most of the time: between two pauses a session is handed 512 messages. */
    private static void slowDown(EventLoops loops, CountDownLatch until) {
        for (EventExecutor loop : ((VertxInternal) loops.clients()).nettyEventLoopGroup()) {
            slowDown(loop, until);
        }
    }

    private static void slowDown(EventExecutor loop, CountDownLatch until) {
        loop.execute(() -> {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            if (until.getCount() > 0) {
                slowDown(loop, until);
            }
        });
    }

    @Test
    @DisplayName("nothing of a flood of QoS 0 is lost on its way to a clean subscriber of a slower node")
    void losesNothingToASlowerNode(TestDatabase database) throws Exception {
        EventLoops slowOnes = EventLoops.open();
        CountDownLatch done = new CountDownLatch(1);
        try (TestNode slow = start(slowOnes, database, "slow");
                TestNode fast = start(EventLoops.open(), database, "fast");
                RawClient subscriber = subscriber(slow, "flood");
                RawClient publisher = RawClient.connected(fast.port(), Packets.connect("p"))) {
            slowDown(slowOnes, done);
            try {
                CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> flood(publisher, "flood"));
                for (int i = 0; i < MESSAGES; i++) {
                    assertEquals(3, subscriber.read().type(), "message " + i);
                }
                sent.get(LIMIT_SECONDS, TimeUnit.SECONDS);
            } finally {
                done.countDown();
            }
            assertEquals(0, dropped(fast) + dropped(slow));
        }
    }

    private static long dropped(TestNode node) {
        return node.metrics()
                .text()
                .lines()
                .filter(line -> line.startsWith("tuskmq_forwards_dropped_total "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
                .sum();
    }

    @Test
    @DisplayName("a node that stands still stops publishers for a while at most, and what it misses is counted")
    void aNodeThatStandsStillStopsNobodyForLong(TestDatabase database) throws Exception {
        EventLoops stillOnes = EventLoops.open();
        CountDownLatch end = new CountDownLatch(1);
        try (TestNode still = start(stillOnes, database, "still");
                TestNode fine = start(EventLoops.open(), database, "fine");
                RawClient there = subscriber(still, "flood");
                RawClient here = subscriber(fine, "news");
                RawClient publisher = RawClient.connected(fine.port(), Packets.connect("p"))) {
            for (EventExecutor loop : ((VertxInternal) stillOnes.clients()).nettyEventLoopGroup()) {
                loop.execute(() -> {
                    try {
                        // For longer than publishers are given: that it goes on is not what lets them go on.
                        assertTrue(end.await(2 * LIMIT_SECONDS, TimeUnit.SECONDS));
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
            }
            try {
                CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
                    flood(publisher, "flood");
                    send(publisher, Packets.publish(0, 0, "news", "at last"));
                });
                sent.get(LIMIT_SECONDS, TimeUnit.SECONDS);
                assertEquals(3, here.read().type());
                assertTrue(dropped(fine) + dropped(still) > 0);
            } finally {
                end.countDown(); // before the nodes are stopped
            }
            assertEquals(3, there.read().type());
        }
    }
}
