package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.HOUR;
import static io.tuskmq.storage.StoreFixture.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Survey.Backlog;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Sessions that are away, in more than two pages of every look at them: one that all subscribe to has 10 messages, and a filter of each
 * session's own has one.
 */
@ExtendWith(PostgresExtension.class)
final class PgManySessionsTest {
    private static final int SESSIONS = 12_000;
    private static final long RETENTION = 24 * HOUR * 1_000;

    /** In a part of the log that is older than the retention. */
    private final long millis = System.currentTimeMillis() - 50 * HOUR * 1_000;

    private final Vertx vertx = Vertx.vertx();
    private final TestDatabase database;

    @SuppressWarnings("NullAway.Init")
    private PgStore store;

    PgManySessionsTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void fill() throws SQLException {
        store = open(30_000);
        database.execute("""
                SELECT register_node('n', 1, 3600000);
                SELECT ensure_log(%2$d, %2$d, 3600000);
                SELECT ensure_log(now_millis(), now_millis() + 7200000, 3600000);
                INSERT INTO filter (filter, added_version) SELECT 'f' || n, 1 FROM generate_series(1, %1$d + 1) n;
                INSERT INTO log (filter_id, id, flags, topic, payload)
                SELECT n, log_id(%2$d, 1), 1, 't', 'x' FROM generate_series(1, %1$d) n;
                INSERT INTO log (filter_id, id, flags, topic, payload)
                SELECT %1$d + 1, log_id(%2$d, 1) + n, 1, 't', 'x' FROM generate_series(1, 10) n;
                INSERT INTO session (client_id, principal, epoch, expiry_seconds, cursor)
                SELECT 'c' || n, 'alice', 1, 3600, ARRAY[log_id(%2$d - 1000, 1)] FROM generate_series(1, %1$d) n;
                INSERT INTO subscription
                SELECT session_id, 'f' || k, '', k, 1, false, false, 0, 0, '{}', NULL
                  FROM session, LATERAL (VALUES (%1$d + 1), (session_id)) v (k);
                ANALYZE""".formatted(SESSIONS, millis));
    }

    private PgStore open(long timeoutMillis) {
        return PgStore.open(
                vertx, database.url(), new PgStore.Options(2, timeoutMillis, HOUR * 1_000), new TestFilters());
    }

    @AfterEach
    void close() {
        get(store.close());
        get(vertx.close());
    }

    /** All but one session have read all. */
    private void allHaveReadBut(int session, String cursor) throws SQLException {
        database.execute(
                "UPDATE session SET cursor = ARRAY[log_id(%d, 1) + CASE session_id WHEN %d THEN %s ELSE 10 END]"
                        .formatted(millis, session, cursor));
    }

    private Optional<Backlog> backlog() {
        return get(store.survey().backlog());
    }

    @Test
    void theOldestMessageIsFoundBehindManyReadersAndFilters() throws SQLException {
        allHaveReadBut(SESSIONS - 100, "7");
        assertEquals(Optional.of(new Backlog(millis, 3)), backlog());
    }

    @Test
    void theSessionsThatHaveWaitedLongestAreKeptOverAllPages() throws SQLException {
        // Of many sessions that wait, those with the oldest message are in the last page.
        database.execute(
                "UPDATE session SET cursor = ARRAY[log_id(%d, 1) + CASE WHEN session_id > %d THEN 2 ELSE 9 END]"
                        .formatted(millis, SESSIONS - 5));
        assertEquals(Optional.of(new Backlog(millis, 8)), backlog());
    }

    @Test
    void whenAllIsReadNobodyWaitsAndThePartGoes() throws SQLException {
        allHaveReadBut(0, "10");
        assertEquals(Optional.empty(), backlog());
        database.execute("UPDATE session SET cursor = ARRAY[log_id(%d, 1)]".formatted(millis + 2 * HOUR * 1_000));
        Store.Retention retention = get(store.maintainLog(100 * HOUR * 1_000));
        assertEquals(1, retention.dropped());
        assertEquals(0, retention.undelivered());
    }

    @Test
    void aSessionInALaterPageKeepsAPart() throws SQLException {
        database.execute("UPDATE session SET cursor = ARRAY[log_id(%d, 1)] WHERE session_id <> %d"
                .formatted(millis + 2 * HOUR * 1_000, SESSIONS - 100));
        assertEquals(0, get(store.maintainLog(100 * HOUR * 1_000)).dropped());
        // Also when it is looked for where it was found.
        assertEquals(0, get(store.maintainLog(100 * HOUR * 1_000)).dropped());
        database.execute(
                "UPDATE session SET cursor = ARRAY[log_id(%1$d, 1)] WHERE session_id = %2$d; UPDATE session SET cursor = ARRAY[log_id(%3$d, 1)] WHERE session_id = 1"
                        .formatted(millis + 2 * HOUR * 1_000, SESSIONS - 100, millis));
        assertEquals(0, get(store.maintainLog(100 * HOUR * 1_000)).dropped(), "another one has not read it");
    }

    /** In the pause after a look over so many. */
    @Test
    void whatHasBeenReadSinceALongLookDoesNotWait() throws SQLException {
        allHaveReadBut(SESSIONS - 100, "7");
        assertEquals(Optional.of(new Backlog(millis, 3)), backlog());
        allHaveReadBut(SESSIONS - 100, "9");
        assertEquals(Optional.of(new Backlog(millis, 1)), backlog());
        allHaveReadBut(0, "10");
        assertEquals(Optional.empty(), backlog());
    }

    /** A group's message moves to a member's session, from a later page to one that was seen. */
    @Test
    void allPagesSeeTheSessionsOfOneMoment() throws Exception {
        String end = "ARRAY[log_id(%d, 1)]".formatted(millis + 2 * HOUR * 1_000);
        database.execute("""
                UPDATE session SET cursor = %1$s WHERE session_id <> 11000;
                CREATE OR REPLACE FUNCTION session_low(cursor bigint[], inflight bytea) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
                BEGIN
                    IF inflight = '\\x77' THEN
                        PERFORM pg_advisory_lock(77);
                        PERFORM pg_advisory_unlock(77);
                    END IF;
                    RETURN (SELECT min(c) FROM unnest(cursor) c);
                END $$;
                UPDATE session SET inflight = '\\x77' WHERE session_id = 7000""".formatted(end));
        try (Connection other = database.connect();
                Statement statement = other.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(77)");
            Future<Store.Retention> maintained = store.maintainLog(100 * HOUR * 1_000);
            long waitUntil = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (database.number(
                            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND NOT granted")
                    == 0) {
                assertTrue(System.nanoTime() < waitUntil && !maintained.isComplete(), "the second page is not read");
            }
            statement.execute("""
                    UPDATE session SET cursor = ARRAY[log_id(%d, 1)] WHERE session_id = 1;
                    UPDATE session SET cursor = %s WHERE session_id = 11000;
                    SELECT pg_advisory_unlock(77)""".formatted(millis, end));
            assertEquals(0, get(maintained).dropped());
        }
    }

    @Test
    void whatAllOfThemMissIsCounted() {
        // However long it takes.
        Sql sql = Sql.open(vertx, database.url(), new Sql.Options(2, 100, 30_000, true));
        Store.Retention retention = get(new PgPartitions(sql, HOUR * 1_000, TimeUnit.HOURS.toNanos(1))
                .maintain(RETENTION)
                .eventually(sql::close));
        assertEquals(1, retention.dropped());
        assertEquals(SESSIONS * 11L, retention.undelivered());
    }

    /** The count is of no use to a disk that is full. */
    @Test
    void aPartIsDroppedThoughItsMessagesCanNotBeCounted() throws SQLException {
        try (Connection other = database.connect();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("LOCK TABLE subscription IN ACCESS EXCLUSIVE MODE");
            PgStore hasty = open(6_000);
            assertEquals(
                    1,
                    get(hasty.maintainLog(RETENTION).eventually(hasty::close)).dropped());
        }
    }
}
