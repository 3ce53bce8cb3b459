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
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What clients do to their event loops delays neither the lease nor the links. */
@ExtendWith(PostgresExtension.class)
final class HeartbeatApartTest {
    private static final int LEASE_SECONDS = 4;
    /** Longer than the lease, and than the 3 s after which a silent link is cut. */
    private static final long BUSY_MILLIS = 8_000;

    private static final long LOOK_MILLIS = 100;

    private static TestNode start(EventLoops loops, TestDatabase database, String name) {
        return TestNode.ofCluster(
                loops,
                database,
                "node.name",
                name,
                "node.lease-seconds",
                Integer.toString(LEASE_SECONDS),
                "database.url",
                database.urlString(),
                "cluster.host",
                "127.0.0.1",
                "cluster.port",
                Integer.toString(Ports.free()),
                "cluster.link-port",
                "0");
    }

    /** All event loops that clients may have do something else until the latch is open. */
    private static void keepBusy(EventLoops loops, CountDownLatch until) throws InterruptedException {
        CountDownLatch busy = new CountDownLatch(0);
        for (EventExecutor loop : ((VertxInternal) loops.clients()).nettyEventLoopGroup()) {
            CountDownLatch one = new CountDownLatch(1);
            busy = one;
            loop.execute(() -> {
                one.countDown();
                try {
                    assertTrue(until.await(60, TimeUnit.SECONDS));
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
        }
        assertTrue(busy.await(10, TimeUnit.SECONDS));
    }

    private static List<String> valid(TestDatabase database) throws SQLException {
        return database.query("SELECT name FROM node WHERE lease_until > clock_timestamp() ORDER BY name");
    }

    private static boolean isLinked(TestNode node) {
        return node.metrics().text().lines().anyMatch("tuskmq_links 1"::equals);
    }

    @Test
    @DisplayName("a node whose event loops for clients are all busy keeps its lease and its links")
    void clientsDelayNeitherTheLeaseNorTheLinks(TestDatabase database)
            throws IOException, SQLException, InterruptedException {
        EventLoops busyOnes = EventLoops.open();
        try (TestNode busy = start(busyOnes, database, "busy");
                TestNode other = start(EventLoops.open(), database, "other")) {
            CountDownLatch free = new CountDownLatch(1);
            keepBusy(busyOnes, free);
            try {
                long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(BUSY_MILLIS);
                CountDownLatch never = new CountDownLatch(1);
                while (System.nanoTime() < end) {
                    assertEquals(List.of("busy", "other"), valid(database));
                    assertTrue(isLinked(busy) && isLinked(other), "a link was cut");
                    assertEquals(false, never.await(LOOK_MILLIS, TimeUnit.MILLISECONDS));
                }
            } finally {
                free.countDown();
            }
            try (RawClient client = RawClient.connected(busy.port(), Packets.connect("c"))) {
                client.ping();
            }
        }
    }
}
