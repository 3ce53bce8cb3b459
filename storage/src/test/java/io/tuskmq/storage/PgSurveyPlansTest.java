package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.get;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Tuple;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the look for waiting messages costs where there are many subscribers and messages, nearly all of them read. */
@ExtendWith(PostgresExtension.class)
final class PgSurveyPlansTest {
    private static final int SESSIONS = 5_000;
    private static final int MESSAGES = 20_000;

    @SuppressWarnings("NullAway.Init")
    private static Vertx vertx;

    @SuppressWarnings("NullAway.Init")
    private static Sql sql;

    /** All subscribe to filter 1, where most messages are, and each to one of its own; one session of them has not read the last message. */
    @BeforeAll
    static void fill(TestDatabase database) throws SQLException {
        vertx = Vertx.vertx();
        sql = Sql.open(vertx, database.url(), Sql.Options.of(2));
        database.execute("""
                SELECT register_node('n', 1, 3600000);
                SELECT ensure_log(now_millis(), now_millis() + 60000, 3600000);
                INSERT INTO filter (filter, added_version) SELECT 'f' || n, 1 FROM generate_series(1, %1$d) n;
                INSERT INTO log (filter_id, id, flags, topic, payload)
                SELECT CASE WHEN n %% 4 = 0 THEN n %% %1$d + 1 ELSE 1 END, log_id(now_millis(), 1) + n %% 4096, 1, 't', 'x'
                  FROM generate_series(1, %2$d) n ON CONFLICT DO NOTHING;
                INSERT INTO session (client_id, principal, epoch, expiry_seconds, cursor)
                SELECT 'c' || n, 'alice', 1, 3600, ARRAY[(SELECT max(id) FROM log) - CASE WHEN n = 77 THEN 1 ELSE 0 END]
                  FROM generate_series(1, %1$d) n;
                INSERT INTO subscription
                SELECT session_id, 'f' || k, '', k, 1, false, false, 0, 0, ARRAY[0::bigint], NULL
                  FROM session, LATERAL (VALUES (1), (session_id %% %1$d + 1)) v (k) ON CONFLICT DO NOTHING;
                ANALYZE""".formatted(SESSIONS, MESSAGES));
    }

    @AfterAll
    static void close() {
        get(sql.close());
        get(vertx.close());
    }

    private static Tuple waiting(long filterId, long afterSession, long toSession) {
        Tuple args = Tuple.of(new Long[] {filterId}, new Long[] {Long.MAX_VALUE}, afterSession, toSession);
        return args.addLong(0L).addLong(Long.MAX_VALUE).addLong(0L).addInteger(100);
    }

    @Test
    void whoHasReadAllCostsOneLook() {
        Tuple args = waiting(1, 0, Long.MAX_VALUE);
        CountedReads.of(sql, PgBacklog.WAITING, args).assertByIndex(6L * SESSIONS);
        assertEquals(1, get(sql.query(PgBacklog.WAITING, args)).size());
    }

    @Test
    void aPageOfReadersReadsNoOther() {
        CountedReads.of(sql, PgBacklog.LAST_READER, Tuple.of(1L, 1_000L, 100)).assertByIndex(100);
        assertEquals(
                1_100L,
                get(sql.query(PgBacklog.LAST_READER, Tuple.of(1L, 1_000L, 100)))
                        .iterator()
                        .next()
                        .getLong("last"));
        CountedReads.of(sql, PgBacklog.WAITING, waiting(1, 1_000, 1_100)).assertByIndex(600);
    }

    @Test
    void aPageOfFiltersReadsNoOther() {
        Tuple args = Tuple.of(0L, Long.MAX_VALUE, 1L, 100, 51);
        CountedReads.of(sql, PgBacklog.FILLED, args).assertByIndex(600);
        assertEquals(100, get(sql.query(PgBacklog.FILLED, args)).size());
    }

    @Test
    void howFarSessionsHaveReadIsFoundInPages() {
        CountedReads.of(sql, PgPartitions.READ_TO, Tuple.of(1_000L, 100)).assertByIndex(100);
        CountedReads.of(sql, PgPartitions.UNDELIVERED, Tuple.of(0L, Long.MAX_VALUE, 1_000L, 10, 1L))
                // At most: the session, its subscriptions, and all messages that it could have missed.
                .assertByIndex(10L * (1 + 2 + MESSAGES));
    }
}
