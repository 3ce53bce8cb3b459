package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Leases.Heartbeat;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(PostgresExtension.class)
final class PgLeasesTest extends LeasesContract {
    @SuppressWarnings("NullAway.Init")
    private PgFixture store;

    @BeforeEach
    void open(TestDatabase database) {
        store = new PgFixture(database);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Override
    StoreFixture store() {
        return store;
    }

    @Test
    void eachDatabaseHasASecretOfItsOwnWhichItsNodesShare() throws Exception {
        byte[] secret = get(store.store().leases().secret());
        try (PgFixture other = new PgFixture(store.database)) {
            assertArrayEquals(secret, get(other.store().leases().secret()));
        }
        assertEquals(1, store.database.number("SELECT count(*) FROM cluster_secret WHERE secret <> decode('', 'hex')"));
    }

    /** The calls of the release before this one, while its nodes and ours are on one database. */
    @Test
    void theReleaseBeforeGoesOn() throws Exception {
        long old = store.database.number("SELECT incarnation FROM register_node('old', 1, 60000)");
        assertEquals(
                "t",
                store.database.query("SELECT renew_node(" + old + ", 60000)").getFirst());
        store.database.execute("SELECT ensure_log(now_millis(), now_millis(), 3600000)");
        long head = store.database.number("SELECT head FROM lane WHERE lane_id = 1");
        long status =
                store.database.number(("SELECT status FROM append_batch(1, %d, %d, %d, 100, '{5}', '{%3$d}', '{1}',"
                                + " '{NULL}', '{NULL}', '{a}', '{NULL}', '{x}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',"
                                + " '{}', '{}', '{}', '{}', '{}', '{}')")
                        .formatted(old, head, head + 1));
        assertEquals(0, status);
        long ours = store.node();
        Heartbeat seen = get(store.store().leases().renew(ours, StoreFixture.LEASE_MILLIS));
        assertEquals(
                new Leases.LiveNode(old, "old", Optional.empty()), seen.nodes().getFirst());
        assertEquals(
                new Leases.LaneState(1, old, head + 1, head + 1), seen.lanes().getFirst());
        assertTrue(get(store.store().leases().revoke(ours, old)));
        assertEquals(
                "f",
                store.database.query("SELECT renew_node(" + old + ", 60000)").getFirst());
        assertFalse(get(store.store().leases().revoke(ours, old)));
    }

    /** As many sessions as one transaction settles, a few times over; every third with a will, and as many wills without a session. */
    private void fill(long node, int sessions) throws Exception {
        store.database.execute("""
                INSERT INTO session (client_id, principal, epoch, owner, served_by, expiry_seconds, cursor)
                SELECT 'many' || n, 'alice', 7, %1$d, %1$d, 3600, '{1}' FROM generate_series(1, %2$d) n;
                INSERT INTO will (client_id, session_id, owner, delay_seconds, message_expiry_seconds, topic, qos, retain, payload)
                SELECT client_id, session_id, %1$d, 0, 0, 't', 1, false, '' FROM session WHERE session_id %% 3 = 0;
                INSERT INTO will (client_id, owner, delay_seconds, message_expiry_seconds, topic, qos, retain, payload)
                SELECT 'clean' || n, %1$d, 9999, 0, 't', 1, false, '' FROM generate_series(1, %2$d) n""".formatted(node, sessions));
    }

    private boolean isSettled() {
        try {
            return store.database.number("SELECT count(*) FROM ended_node") == 0;
        } catch (java.sql.SQLException e) {
            throw new AssertionError(e);
        }
    }

    private void assertAllOffline(int sessions) throws Exception {
        assertEquals(
                sessions,
                store.database.number("SELECT count(*) FROM session WHERE owner IS NULL AND epoch = 8"
                        + " AND expires_at BETWEEN now() + interval '50 minutes' AND now() + interval '1 hour'"));
        assertEquals(
                store.database.number("SELECT count(*) FROM will"),
                store.database.number("SELECT count(*) FROM will WHERE owner IS NULL AND due_at <= now()"));
    }

    /** Its sessions would not fit into the time of one call. */
    @Test
    void aNodeWithManySessionsIsEndedInParts() throws Exception {
        long me = store.node();
        long victim = store.node();
        fill(victim, 5_500);
        assertTrue(get(store.store().leases().revoke(me, victim)));
        LaneEvents.await(this::isSettled, "settled");
        assertAllOffline(5_500);
    }

    /** More than one part passes over. */
    @Test
    void theSessionsBehindManyThatANodeLetGoOfAreFound() throws Exception {
        long me = store.node();
        long victim = store.node();
        store.database.execute("""
                INSERT INTO session (client_id, principal, epoch, served_by, expiry_seconds, cursor)
                SELECT 'gone' || n, 'alice', 3, %d, 4294967295, '{1}' FROM generate_series(1, 45000) n""".formatted(victim));
        fill(victim, 5);
        assertTrue(get(store.store().leases().revoke(me, victim)));
        LaneEvents.await(this::isSettled, "settled");
        assertEquals(5, store.database.number("SELECT count(*) FROM session WHERE owner IS NULL AND epoch = 8"));
        assertEquals(
                45_000, store.database.number("SELECT count(*) FROM session WHERE epoch = 3"), "left as they were");
    }

    /** Whoever ended the node was killed before it had settled everything. */
    @Test
    void whatIsLeftOfAnEndedNodeIsSettledByTheOthers() throws Exception {
        long me = store.node();
        long victim = store.node();
        fill(victim, 2_500);
        store.database.query("SELECT fence_node(" + victim + ")");
        assertTrue(store.own(StoreFixture.claim("many7", me)).sessionPresent(), "it is nobody's");
        store.database.execute("DELETE FROM session WHERE client_id = 'many7'");
        assertEquals(List.of(), get(store.store().leases().endExpired()));
        LaneEvents.await(this::isSettled, "settled");
        assertAllOffline(2_499);
    }

    /** A claim that is being carried out has its session locked: the end of the node does not wait for it, and does not undo it. */
    @Test
    void theEndOfANodeWaitsForNoSession() throws Exception {
        long me = store.node();
        long victim = store.node();
        fill(victim, 10);
        try (Connection claiming = store.database.connect();
                Statement statement = claiming.createStatement()) {
            claiming.setAutoCommit(false);
            statement.execute("UPDATE session SET owner = " + me + ", served_by = " + me
                    + ", epoch = 9 WHERE client_id IN ('many1', 'many2')");
            assertTrue(get(store.store().leases().revoke(me, victim)));
            assertFalse(isSettled());
            statement.execute("UPDATE session SET owner = " + victim + ", served_by = " + victim
                    + ", epoch = 7 WHERE client_id = 'many2'");
            claiming.commit();
        }
        get(store.store().leases().endExpired());
        assertTrue(isSettled());
        assertEquals(
                List.of("many1"),
                store.database.query("SELECT client_id FROM session WHERE owner = " + me + " AND epoch = 9"));
        store.database.execute("DELETE FROM session WHERE client_id = 'many1'");
        assertAllOffline(9);
    }
}
