package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.HOUR;
import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.get;
import static io.tuskmq.storage.StoreFixture.release;
import static io.tuskmq.storage.StoreFixture.withWill;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Sessions.Claim;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.WillAction;
import io.tuskmq.storage.Wills.DueWill;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Two nodes that want the same session at the same time, or end the same ones, on PostgreSQL (I5). */
@ExtendWith(PostgresExtension.class)
final class PgOwnersRaceTest {
    private static final int CLIENTS = 60;

    @SuppressWarnings("NullAway.Init")
    private PgFixture a;

    @SuppressWarnings("NullAway.Init")
    private PgFixture b;

    private long nodeA;
    private long nodeB;

    @BeforeEach
    void open(TestDatabase database) {
        a = new PgFixture(database);
        b = new PgFixture(database);
        nodeA = a.node();
        nodeB = b.node();
    }

    @AfterEach
    void close() {
        a.close();
        b.close();
    }

    /** Without force: one has it, the other one hears who. */
    private void oneOwnsEach(UnaryOperator<Claim> asked) {
        List<Future<Claimed>> ofA = new ArrayList<>();
        List<Future<Claimed>> ofB = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            ofA.add(a.sessions().claim(asked.apply(claim("c" + i, nodeA))));
            // In the other order, so that they meet in the middle.
            ofB.addFirst(b.sessions().claim(asked.apply(claim("c" + (CLIENTS - 1 - i), nodeB))));
        }
        int byA = 0;
        for (int i = 0; i < CLIENTS; i++) {
            Claimed one = get(ofA.get(i));
            Claimed two = get(ofB.get(i));
            boolean aHasIt = one instanceof Claimed.Owned;
            byA += aHasIt ? 1 : 0;
            assertEquals(new Claimed.OwnedElsewhere(aHasIt ? nodeA : nodeB), aHasIt ? two : one, "client " + i);
            Claimed.Owned owned = (Claimed.Owned) (aHasIt ? one : two);
            PgFixture store = aHasIt ? a : b;
            assertTrue(get(store.sessions().checkpoint(StoreFixture.checkpoint(owned), true)));
        }
        System.out.println("of " + CLIENTS + " sessions the first node has " + byA);
        assertEquals(CLIENTS, get(a.sessions().count()));
    }

    @Test
    void aNewSessionHasOneOwner() {
        oneOwnsEach(c -> c);
    }

    @Test
    void aCleanStartHasOneOwner() {
        oneOwnsEach(StoreFixture::clean);
    }

    @Test
    void anOfflineSessionGetsOneOwner() {
        for (int i = 0; i < CLIENTS; i++) {
            assertTrue(a.releaseNow(a.own(claim("c" + i, nodeA))));
        }
        oneOwnsEach(c -> c);
    }

    @Test
    void anOfflineSessionIsEndedByOneCleanStart() {
        for (int i = 0; i < CLIENTS; i++) {
            assertTrue(a.releaseNow(a.own(claim("c" + i, nodeA))));
        }
        oneOwnsEach(StoreFixture::clean);
    }

    /** Both find that the lease has run out; the second one finds the first one's. */
    @Test
    void aDeadNodesSessionGetsOneOwner() {
        long dead = a.node();
        for (int i = 0; i < CLIENTS; i++) {
            a.own(claim("c" + i, dead));
        }
        a.letLeasePass(dead);
        oneOwnsEach(c -> c);
        assertEquals(List.of(dead), get(a.store().leases().endExpired()));
        assertEquals(0, count("owner IS NULL"), "those that were taken are their new owners'");
    }

    /** Its sessions go to those who claim them, or offline: none is lost between the two. */
    @Test
    void claimsWhileTheirOwnerIsRevokedAllSucceedInTheEnd() {
        long dead = a.node();
        List<Claimed.Owned> old = IntStream.range(0, CLIENTS)
                .mapToObj(i -> a.own(claim("c" + i, dead)))
                .toList();
        List<Future<Claimed>> before = new ArrayList<>();
        for (int i = 0; i < CLIENTS / 2; i++) {
            before.add(b.sessions().claim(claim("c" + i, nodeB)));
        }
        Future<Boolean> revoked = a.store().leases().revoke(nodeA, dead);
        for (int i = CLIENTS / 2; i < CLIENTS; i++) {
            before.add(b.sessions().claim(claim("c" + i, nodeB)));
        }
        assertTrue(get(revoked));
        for (int i = 0; i < CLIENTS; i++) {
            Claimed claimed = get(before.get(i));
            Claimed.Owned owned = claimed instanceof Claimed.Owned now ? now : b.own(claim("c" + i, nodeB));
            assertTrue(owned.sessionPresent());
            assertTrue(get(b.sessions().checkpoint(StoreFixture.checkpoint(owned), true)));
            assertFalse(get(a.sessions().checkpoint(StoreFixture.checkpoint(old.get(i)), true)));
        }
    }

    /** I8 */
    @Test
    void twoSweepsEndEachExpiredSessionOnce() {
        List<Claimed.Owned> owned = IntStream.range(0, CLIENTS)
                .mapToObj(i -> a.own(withWill(claim("c" + i, nodeA), HOUR)))
                .toList();
        owned.forEach(o -> assertTrue(get(a.sessions().release(release(o, 10, new WillAction.Schedule(HOUR))))));
        a.passSeconds(11);
        List<Future<Integer>> sweeps = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            sweeps.add((i % 2 == 0 ? a : b).sessions().endExpired(7));
        }
        assertEquals(CLIENTS, sweeps.stream().mapToInt(StoreFixture::get).sum());
        assertEquals(0, get(b.sessions().count()));
        assertEquals(
                owned.stream().map(Claimed.Owned::willId).sorted().toList(),
                get(b.wills().due(1_000)).stream().map(DueWill::willId).sorted().toList());
    }

    private long count(String condition) {
        try {
            return a.database.number("SELECT count(*) FROM session WHERE " + condition);
        } catch (java.sql.SQLException e) {
            throw new AssertionError(e);
        }
    }
}
