package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.clean;
import static io.tuskmq.storage.StoreFixture.get;
import static io.tuskmq.storage.StoreFixture.message;
import static io.tuskmq.storage.StoreFixture.withWill;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Leases.Heartbeat;
import io.tuskmq.storage.Leases.LaneState;
import io.tuskmq.storage.Leases.LiveNode;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Future;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What nodes do to one another at the same time, on PostgreSQL. */
@ExtendWith(PostgresExtension.class)
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class PgLeasesRaceTest {
    @SuppressWarnings("NullAway.Init")
    private PgFixture a;

    @SuppressWarnings("NullAway.Init")
    private PgFixture b;

    @BeforeEach
    void open(TestDatabase database) {
        a = new PgFixture(database);
        b = new PgFixture(database);
    }

    @AfterEach
    void close() {
        a.close();
        b.close();
    }

    private static StorageException.Kind kindOf(Future<?> failing) {
        return assertThrows(StorageException.class, () -> get(failing)).kind();
    }

    /** I4: a cut between two nodes that both see the database. */
    @Test
    void ofTwoThatRevokeEachOtherOneWins() {
        int firstWon = 0;
        for (int round = 0; round < 40; round++) {
            long nodeA = a.node();
            long nodeB = b.node();
            Claimed.Owned ofA = a.own(claim("a" + round, nodeA));
            Claimed.Owned ofB = b.own(claim("b" + round, nodeB));
            Future<Boolean> byA;
            Future<Boolean> byB;
            if (round % 2 == 0) {
                byA = a.store().leases().revoke(nodeA, nodeB);
                byB = b.store().leases().revoke(nodeB, nodeA);
            } else {
                byB = b.store().leases().revoke(nodeB, nodeA);
                byA = a.store().leases().revoke(nodeA, nodeB);
            }
            Future.join(byA, byB)
                    .otherwiseEmpty()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
            assertNotEquals(byA.succeeded(), byB.succeeded(), "round " + round);
            boolean aWon = byA.succeeded();
            firstWon += aWon ? 1 : 0;
            assertTrue(get(aWon ? byA : byB));
            assertEquals(StorageException.Kind.FENCED, kindOf(aWon ? byB : byA));
            check(
                    aWon ? a : b,
                    aWon ? nodeA : nodeB,
                    aWon ? ofA : ofB,
                    aWon ? b : a,
                    aWon ? nodeB : nodeA,
                    aWon ? ofB : ofA);
        }
        System.out.println("of 40 the node with the lower incarnation won " + firstWon);
    }

    private static void check(
            PgFixture winner, long won, Claimed.Owned kept, PgFixture loser, long lost, Claimed.Owned gone) {
        get(winner.store().leases().renew(won, StoreFixture.LEASE_MILLIS));
        assertTrue(winner.append(won, message("t", "x")));
        assertTrue(get(winner.sessions().checkpoint(StoreFixture.checkpoint(kept), true)));
        assertEquals(
                StorageException.Kind.FENCED, kindOf(loser.store().leases().renew(lost, StoreFixture.LEASE_MILLIS)));
        loser.writer(lost).append(loser.matching("t", "x"));
        get(loser.fenced(lost));
        assertFalse(get(loser.sessions().checkpoint(StoreFixture.checkpoint(gone), true)));
        winner.endNode(won);
    }

    /** The same on two plain connections, with the second one certainly waiting in the middle of the first one. */
    @Test
    void whoWaitedForItsRevokerIsFenced() throws Exception {
        for (boolean lowerFirst : List.of(true, false)) {
            long lower = a.node();
            long higher = b.node();
            long first = lowerFirst ? lower : higher;
            long second = lowerFirst ? higher : lower;
            try (Connection one = a.database.connect();
                    Connection two = a.database.connect()) {
                one.setAutoCommit(false);
                assertEquals("ended", revoke(one, first, second));
                CompletableFuture<String> waiting =
                        CompletableFuture.supplyAsync(() -> revoke(two, second, first), Thread::startVirtualThread);
                LaneEvents.await(this::someoneWaits, "waits for a lock");
                one.commit();
                assertEquals("fenced", waiting.get(30, TimeUnit.SECONDS));
            }
            assertEquals(
                    List.of(first),
                    get(a.store().leases().renew(first, StoreFixture.LEASE_MILLIS)).nodes().stream()
                            .map(LiveNode::incarnation)
                            .toList());
            a.endNode(first);
        }
    }

    private boolean someoneWaits() {
        try {
            return a.database.number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                            + " AND wait_event_type = 'Lock' AND query LIKE '%revoke_node%'")
                    > 0;
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private static String revoke(Connection connection, long me, long victim) {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT revoke_node(" + me + ", " + victim + ")")) {
            row.next();
            return row.getString(1);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    /** Putting many sessions offline takes a while: who does it goes on renewing meanwhile, and claiming. */
    @Test
    void whoRevokesIsNotKeptFromItsOwnWork() throws Exception {
        long me = a.node();
        long victim = b.node();
        try (Connection half = a.database.connect()) {
            half.setAutoCommit(false);
            assertEquals("ended", revoke(half, me, victim));
            get(a.store().leases().renew(me, StoreFixture.LEASE_MILLIS));
            a.own(claim("c", me));
            assertTrue(a.append(me, message("t", "x")));
            // A third one starts, and finds lanes without waiting for those that are being freed.
            long third = a.node();
            assertTrue(a.append(third, message("t", "x")));
            half.commit();
        }
        assertEquals(StorageException.Kind.FENCED, kindOf(b.store().leases().renew(victim, StoreFixture.LEASE_MILLIS)));
    }

    /** Whoever sees a lane without owner must not see its last owner as a live node in the same heartbeat. */
    @Test
    void aHeartbeatIsOfOneMoment() throws Exception {
        long watcher = a.node();
        AtomicBoolean stop = new AtomicBoolean();
        CompletableFuture<Void> coming = CompletableFuture.runAsync(
                () -> {
                    while (!stop.get()) {
                        Leases.Lease lease = get(b.store().leases().register("m", 3, StoreFixture.LEASE_MILLIS));
                        b.endNode(lease.incarnation());
                    }
                },
                Thread::startVirtualThread);
        int with = 0;
        int without = 0;
        try {
            for (int i = 0; i < 400 || ((with == 0 || without == 0) && i < 5_000); i++) {
                Heartbeat seen = get(a.store().leases().renew(watcher, StoreFixture.LEASE_MILLIS));
                Set<Long> owners = seen.lanes().stream()
                        .map(LaneState::owner)
                        .filter(owner -> owner != 0)
                        .collect(Collectors.toSet());
                Set<Long> nodes =
                        seen.nodes().stream().map(LiveNode::incarnation).collect(Collectors.toSet());
                assertEquals(nodes, owners);
                with += nodes.size() == 2 ? 1 : 0;
                without += nodes.size() == 1 ? 1 : 0;
            }
        } finally {
            stop.set(true);
        }
        coming.get(30, TimeUnit.SECONDS);
        assertTrue(with > 0 && without > 0, with + " with, " + without + " without");
    }

    @Test
    void twoNodesEndEachExpiredOneOnce() throws Exception {
        long nodeA = a.node();
        long nodeB = b.node();
        List<Long> dead = IntStream.range(0, 30)
                .mapToObj(i -> get(a.store().leases().register("dead", 2, StoreFixture.LEASE_MILLIS))
                        .incarnation())
                .toList();
        for (long node : dead) {
            a.own(withWill(StoreFixture.expiring(clean(claim("c" + node, node)), 0), 0));
        }
        dead.forEach(a::letLeasePass);
        List<Future<List<Long>>> sweeps = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            sweeps.add(a.store().leases().endExpired());
            sweeps.add(b.store().leases().endExpired());
        }
        List<Long> ended =
                sweeps.stream().flatMap(sweep -> get(sweep).stream()).sorted().toList();
        assertEquals(dead, ended);
        assertEquals(
                List.of(nodeA, nodeB),
                get(a.store().leases().renew(nodeA, StoreFixture.LEASE_MILLIS)).nodes().stream()
                        .map(LiveNode::incarnation)
                        .toList());
        // What one sweep found locked by the other one is left to the next.
        LaneEvents.await(
                () -> {
                    get(b.store().leases().endExpired());
                    return get(b.wills().due(100)).size() == 30;
                },
                "each will is due");
    }

    @Test
    void manyThatStartAtOnceShareNoLane() throws Exception {
        a.endNode(a.node());
        List<Future<Leases.Lease>> starting = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            starting.add((i % 2 == 0 ? a : b).store().leases().register("n" + i, 3, StoreFixture.LEASE_MILLIS));
        }
        List<Integer> lanes = starting.stream()
                .flatMap(lease -> get(lease).lanes().stream())
                .map(Leases.Lane::laneId)
                .sorted()
                .toList();
        assertEquals(IntStream.rangeClosed(1, 36).boxed().toList(), lanes);
        assertEquals(36, a.database.number("SELECT count(*) FROM lane WHERE owner IS NOT NULL"));
    }
}
