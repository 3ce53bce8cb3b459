package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.get;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Leases.Heartbeat;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
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
}
