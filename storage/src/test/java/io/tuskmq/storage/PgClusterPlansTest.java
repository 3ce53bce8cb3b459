package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.rules.LaneBatcher.Batch;
import io.tuskmq.storage.rules.LogId;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Tuple;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The same as {@link PgSessionPlansTest} for groups, backlogs, hand-overs, and what nodes do for one another. */
@ExtendWith(PostgresExtension.class)
final class PgClusterPlansTest {
    private static final int BATCH = 100;
    private static final int OF_FILTER = 3_000;

    @SuppressWarnings("NullAway.Init")
    private static Vertx vertx;

    @SuppressWarnings("NullAway.Init")
    private static Sql sql;

    @SuppressWarnings("NullAway.Init")
    private static TestDatabase database;

    private static long incarnation;

    /** Sessions 1 to 200 are groups, each with 200 messages taken; the others are members that wait for retained messages. */
    @BeforeAll
    static void fill(TestDatabase fresh) throws SQLException {
        database = fresh;
        vertx = Vertx.vertx();
        sql = Sql.open(vertx, database.url(), Sql.Options.of(2));
        incarnation = database.number("SELECT incarnation FROM register_node('n', 2, 3600000)");
        database.execute("""
                SELECT ensure_log(now_millis() - 3 * 3600000, now_millis() + 3600000, 3600000);
                INSERT INTO log (filter_id, id, flags, topic, payload)
                SELECT n %% 20 + 1, log_id(now_millis() - 3 * 3600000 + n * 150, 1 + n %% 2), 1, 'a/' || n, 'x'
                  FROM generate_series(1, %1$d) n;
                INSERT INTO session (client_id, principal, epoch, expiry_seconds, cursor)
                SELECT CASE WHEN n <= 200 THEN '$share/g/' || n ELSE 'c' || n END, 'alice', 1, 3600, lane_heads()
                  FROM generate_series(1, 20000) n;
                INSERT INTO taken SELECT g, n FROM generate_series(1, 200) g, generate_series(1, 200) n;
                INSERT INTO subscription
                SELECT session_id, 'site/#', '', NULL, 1, false, false, 0, 0, lane_heads(), '' FROM session WHERE session_id > 200;
                INSERT INTO retained (topic, qos, payload, tags)
                SELECT 'site/' || n, 1, 'x', ARRAY['0:site', '1:' || n] FROM generate_series(1, 40000) n;
                INSERT INTO will (client_id, owner, delay_seconds, message_expiry_seconds, topic, qos, retain, payload)
                SELECT 'w' || n, CASE WHEN n %% 10 = 0 THEN 9999 ELSE %2$d END, 0, 0, 'w', 1, false, ''
                  FROM generate_series(1, 30000) n;
                INSERT INTO ended_node VALUES (9999);
                ANALYZE""".formatted(20 * OF_FILTER, incarnation));
    }

    @AfterAll
    static void close() {
        get(sql.close());
        get(vertx.close());
    }

    private static CountedReads reads(String statement, @Nullable Object... args) {
        return CountedReads.of(sql, statement, Tuple.from(java.util.Arrays.asList(args)));
    }

    private static Long[] ids(int from) {
        return LongStream.range(from, from + BATCH).boxed().toArray(Long[]::new);
    }

    private static <T> T[] times(T value, T[] type) {
        return Collections.nCopies(BATCH, value).toArray(type);
    }

    @Test
    void takesReadOnlyTheirMembersAndGroups() {
        Integer[] nth = java.util.stream.IntStream.rangeClosed(1, BATCH).boxed().toArray(Integer[]::new);
        reads(
                        PgTakes.CHECKPOINT,
                        ids(1001),
                        times(1L, new Long[0]),
                        nth,
                        nth,
                        times(5L, new Long[0]),
                        times(Buffer.buffer("x"), new Buffer[0]),
                        times(1L, new Long[0]),
                        ids(1001),
                        ids(1),
                        times(1L, new Long[0]),
                        times(777L, new Long[0]))
                .assertByIndex(12 * BATCH);
    }

    @Test
    void whatAGroupsMembersTookIsReadAndForgottenByGroup() {
        reads(PgTakes.TAKEN, 17L).assertByIndex(200);
        reads(PgTakes.FORGET, 17L, ids(1)).assertByIndex(3 * BATCH);
    }

    @Test
    void groupsWithoutMembersAreFoundByTheirNames() {
        // Each of the groups is looked at, and what it owns is deleted with it; of the other sessions none.
        reads(PgSessions.END_UNUSED_GROUPS, BATCH).assertByIndex(200 + 500L * BATCH);
    }

    /** However long the backlog is: as many rows of each filter as are kept, and one more. */
    @Test
    void whereABacklogsNewestBeginIsFoundFromItsEnd() throws SQLException {
        int keep = 50;
        Long[] filters = {3L, 4L, 5L};
        Long[] zeros = {0L, 0L, 0L};
        Long[] vectors = {0L, 0L, 0L, 0L, 0L, 0L};
        reads(PgExcess.LAST, filters, zeros, vectors, 2, keep).assertByIndex((long) filters.length * (keep + 1));
        long last = database.number("SELECT max(id) FROM log WHERE filter_id = 3");
        reads(PgExcess.COUNT, filters, zeros, vectors, 2, last).assertByIndex((long) filters.length * OF_FILTER);
        Long[] high = {last, last, last};
        Long[] highVectors = {last, last, last, last, last, last};
        reads(PgExcess.COUNT, filters, high, highVectors, 2, Long.MAX_VALUE).assertByIndex(10);
    }

    /** A copy of a retained message for one session. */
    private static final class Copy extends Append {
        private final Handover handover;

        Copy(long sessionId, String topic, long id) {
            super(StoreFixture.retained(topic, "x"), null, 0);
            handover = new Handover(sessionId, 1, 9, "site/#", 1, new byte[0], message());
            id(id);
        }

        @Override
        public Handover handover() {
            return handover;
        }

        @Override
        public void match() {}

        @Override
        public long[] filterIds() {
            return new long[] {-handover.sessionId()};
        }

        @Override
        public long filtersVersion() {
            return Long.MAX_VALUE;
        }
    }

    @Test
    void copiesOfRetainedMessagesAreMadeByKey() throws SQLException {
        long head = database.number("SELECT head FROM lane WHERE lane_id = 1");
        List<Append> copies = new ArrayList<>();
        long id = head;
        for (int n = 1; n <= BATCH; n++) {
            id = LogId.next(id, 1, 0);
            copies.add(new Copy(1000 + n, "site/" + n * 300, id));
        }
        AppendCall.Ready call = AppendCall.of(new Leases.Lane(1, head, incarnation), new Batch(copies, head, id, 0));
        Integer status = get(sql.connection(connection -> connection
                .begin()
                .compose(transaction -> connection
                        .preparedQuery(call.statement())
                        .execute(call.parameters())
                        .map(rows -> rows.iterator().next().getInteger("status"))
                        .compose(found -> transaction.rollback().map(found)))));
        assertEquals(0, status.intValue());
        CountedReads.of(sql, call.statement(), call.parameters()).assertByIndex(14 * BATCH);
    }

    /** Their wills have no session to be found by. */
    @Test
    void theWillsOfAnEndedNodesCleanSessionsAreSettledInParts() {
        reads(PgLeases.SETTLE, BATCH).assertByIndex(4 * BATCH);
    }

    @Test
    void aHeartbeatReadsNoGrowingTable() throws SQLException {
        CountedReads reads = reads(PgLeases.HEARTBEAT, incarnation, 3_600_000L);
        assertEquals(0, reads.scanned());
        assertEquals(0, reads.fetched());
        assertTrue(database.number("SELECT count(*) FROM session") > 10_000, "there was something to read");
    }
}
