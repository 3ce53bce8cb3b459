package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** How the hot statements go about on filled tables: none reads one from end to end ({@link CountedReads}), whatever is known of them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(PostgresExtension.class)
abstract class SessionPlans {
    static final int SESSIONS = 20_000;
    private static final int BATCH = 100;

    @SuppressWarnings("NullAway.Init")
    private Vertx vertx;

    @SuppressWarnings("NullAway.Init")
    Sql sql;

    private long incarnation;

    /** Fills the tables, or brings them to where statements were planned that stay planned. */
    abstract void prepare(TestDatabase database) throws SQLException;

    @BeforeAll
    void fill(TestDatabase database) throws SQLException {
        vertx = Vertx.vertx();
        // One connection: what it has planned once is what the tests find.
        sql = Sql.open(vertx, database.url(), Sql.Options.of(1));
        incarnation = database.number("SELECT incarnation FROM register_node('n', 2, 3600000)");
        prepare(database);
    }

    /** Adds sessions, with all that they own, and as many filters, and twice as many retained messages, from a number to another. */
    final void fill(TestDatabase database, int from, int to) throws SQLException {
        database.execute("""
                INSERT INTO session (client_id, principal, epoch, owner, expiry_seconds, expires_at, look_at, cursor)
                SELECT 'c' || n, 'alice', 1, NULL, 3600, now() + n * interval '1 second', now() + n * interval '1 second', lane_heads()
                  FROM generate_series(%1$d, %2$d) n;
                INSERT INTO filter (filter, added_version) SELECT 'f' || n, 1 FROM generate_series(%1$d, %2$d) n;
                INSERT INTO subscription
                SELECT session_id, 'f' || k || '/' || session_id %% 5000, '', session_id %% %2$d + 1, 1, false, false, 0, 0,
                       lane_heads(), NULL FROM session, generate_series(1, 3) k WHERE session_id >= %1$d;
                INSERT INTO receipt SELECT session_id, 7 FROM session WHERE session_id >= %1$d;
                INSERT INTO will (client_id, session_id, owner, delay_seconds, message_expiry_seconds, due_at, topic, qos, retain,
                                  payload)
                SELECT client_id, session_id, %3$d, 5, 0, now() + session_id * interval '1 second', 'w', 1, false, ''
                  FROM session WHERE session_id %% 2 = 0 AND session_id >= %1$d;
                INSERT INTO retained (topic, qos, expires_at, payload, tags)
                SELECT t, 1, CASE WHEN n %% 10 = 0 THEN now_millis() + n * 1000 END, 'x', string_to_array(tags, ' ')
                  FROM (SELECT n, 'site/' || n %% 100 || '/dev/' || n / 4 || '/k' || n %% 2 AS t,
                               '0:site 1:' || n %% 100 || ' 2:dev 3:' || n / 4 || ' 4:k' || n %% 2 AS tags
                          FROM generate_series(2 * %1$d - 1, 2 * %2$d) n) x""".formatted(from, to, incarnation));
    }

    @AfterAll
    void close() {
        get(sql.close());
        get(vertx.close());
    }

    private CountedReads reads(String statement, Tuple args) {
        return CountedReads.of(sql, statement, args);
    }

    final void assertReads(long fetchedMax, String statement, @Nullable Object... args) {
        reads(statement, Tuple.from(Arrays.asList(args))).assertByIndex(fetchedMax);
    }

    private static Long[] ids(int step) {
        return LongStream.rangeClosed(1, BATCH).map(n -> n * step).boxed().toArray(Long[]::new);
    }

    private static <T> T[] times(T value, T[] type) {
        return Collections.nCopies(BATCH, value).toArray(type);
    }

    private static String[] names(String prefix) {
        return IntStream.rangeClosed(1, BATCH).mapToObj(n -> prefix + n * 200).toArray(String[]::new);
    }

    private static List<@Nullable Object> checkpoints() {
        List<@Nullable Object> columns = new ArrayList<>();
        columns.add(ids(200));
        columns.add(times(1L, new Long[0]));
        columns.add(IntStream.range(0, BATCH).mapToObj(n -> 2 * n + 1).toArray(Integer[]::new));
        columns.add(IntStream.range(0, BATCH).mapToObj(n -> 2 * n + 2).toArray(Integer[]::new));
        columns.add(Collections.nCopies(2 * BATCH, 5L).toArray(Long[]::new));
        columns.add(times(Buffer.buffer("x"), new Buffer[0]));
        return columns;
    }

    @Test
    void claimsReadOnlyTheirSessions() {
        for (boolean clean : List.of(false, true)) {
            assertReads(
                    20 * BATCH,
                    PgClaims.CLAIM,
                    names("c"),
                    times("alice", new String[0]),
                    times(incarnation, new Long[0]),
                    times(clean, new Boolean[0]),
                    times(60L, new Long[0]),
                    times(false, new Boolean[0]),
                    times("w", new String[0]),
                    times((short) 1, new Short[0]),
                    times(false, new Boolean[0]),
                    new Buffer[BATCH],
                    times(Buffer.buffer("x"), new Buffer[0]),
                    times(5L, new Long[0]),
                    times(0L, new Long[0]),
                    ids(1));
        }
        assertReads(4 * BATCH, PgClaims.ABANDON, names("c"), times(incarnation, new Long[0]), times(7L, new Long[0]));
    }

    private Tuple claims(String[] clients, Long[] tokens) {
        return Tuple.from(Arrays.asList(
                clients,
                times("alice", new String[0]),
                times(incarnation, new Long[0]),
                times(false, new Boolean[0]),
                times(3600L, new Long[0]),
                times(false, new Boolean[0]),
                new String[BATCH],
                new Short[BATCH],
                new Boolean[BATCH],
                new Buffer[BATCH],
                new Buffer[BATCH],
                new Long[BATCH],
                new Long[BATCH],
                tokens));
    }

    /** Only the first claim on a node changes an index: who comes and goes afterwards costs its row alone. */
    @Test
    void whoComesBackToTheSameNodeChangesNoIndex() {
        // No will of theirs stands in the way, and they expire hours from now.
        String[] clients = IntStream.rangeClosed(1, BATCH)
                .mapToObj(n -> "c" + (n * 100 + 9_999))
                .toArray(String[]::new);
        Long[] sessions = LongStream.rangeClosed(1, BATCH)
                .map(n -> n * 100 + 9_999)
                .boxed()
                .toArray(Long[]::new);
        List<@Nullable Object> release = checkpoints();
        release.set(0, sessions);
        release.set(1, times(2L, new Long[0]));
        release.add(times(30_000L, new Long[0])); // later than the sweep looks at them anyway
        release.add(times(0L, new Long[0]));
        release.add(times("nothing", new String[0]));
        release.add(times(0L, new Long[0]));
        String counts = "SELECT pg_stat_get_xact_tuples_updated('session'::regclass) AS updated,"
                + " pg_stat_get_xact_tuples_hot_updated('session'::regclass) AS hot";
        // What the connection did before may be among the counts, as long as it has not been reported.
        List<Row> rows = new ArrayList<>();
        get(sql.transaction(connection -> connection
                .preparedQuery(counts)
                .execute()
                .map(before -> rows.add(before.iterator().next()))
                .compose(before -> connection.preparedQuery(PgClaims.CLAIM).execute(claims(clients, ids(1_000))))
                .compose(claimed -> connection.preparedQuery(PgSessions.RELEASE).execute(Tuple.from(release)))
                .compose(released -> connection.preparedQuery(PgClaims.CLAIM).execute(claims(clients, ids(1_001))))
                .compose(claimed -> connection.preparedQuery(counts).execute())
                .map(after -> rows.add(after.iterator().next()))));
        assertEquals(3L * BATCH, rows.get(1).getLong("updated") - rows.get(0).getLong("updated"));
        assertEquals(2L * BATCH, rows.get(1).getLong("hot") - rows.get(0).getLong("hot"));
    }

    /** Of an ended node's many sessions each part reads its own alone. */
    @Test
    void anEndedNodeIsSettledWithoutReadingTheRest() {
        get(sql.query("""
                WITH ended AS (INSERT INTO ended_node VALUES (9999)), dead AS (
                    INSERT INTO session (client_id, principal, epoch, owner, served_by, expiry_seconds, cursor)
                    SELECT 'dead' || n, 'alice', 1, 9999, 9999, 3600, '{}' FROM generate_series(1, 3000) n RETURNING *)
                INSERT INTO will (client_id, session_id, owner, delay_seconds, message_expiry_seconds, topic, qos, retain, payload)
                SELECT client_id, session_id, owner, 5, 0, 'w', 1, false, '' FROM dead""", Tuple.tuple()));
        assertReads(8 * BATCH, PgLeases.SETTLE, BATCH);
    }

    @Test
    void whatAClaimedSessionHoldsIsFoundByItsId() {
        assertReads(3 * BATCH, PgClaims.SUBSCRIPTIONS, (Object) ids(200));
        assertReads(BATCH, PgClaims.RECEIPTS, (Object) ids(200));
        assertReads(BATCH, PgClaims.DUE_WILLS, (Object) names("c"));
    }

    @Test
    void checkpointsReadOnlyTheirSessions() {
        List<@Nullable Object> columns = checkpoints();
        columns.add(times(1L, new Long[0]));
        assertReads(2 * BATCH, PgSessions.CHECKPOINT, columns.toArray());
    }

    @Test
    void releasesReadOnlyTheirSessionsAndWills() {
        for (long expiry : List.of(60L, 0L)) {
            List<@Nullable Object> columns = checkpoints();
            columns.add(times(expiry, new Long[0]));
            columns.add(ids(100));
            columns.add(times("schedule", new String[0]));
            columns.add(times(0L, new Long[0]));
            assertReads(20 * BATCH, PgSessions.RELEASE, columns.toArray());
        }
    }

    @Test
    void wellKnownFiltersAreSubscribedByTheirKeys() {
        for (String prefix : List.of("f", "new")) {
            assertReads(
                    10 * BATCH,
                    PgSubscriptions.SUBSCRIBE,
                    ids(200),
                    times(1L, new Long[0]),
                    names(prefix),
                    times("", new String[0]),
                    times((short) 1, new Short[0]),
                    times(false, new Boolean[0]),
                    times(false, new Boolean[0]),
                    times((short) 0, new Short[0]),
                    times(0, new Integer[0]),
                    new String[BATCH],
                    times(1L, new Long[0]));
        }
    }

    @Test
    void unsubscribingReadsByKey() {
        assertReads(
                4 * BATCH,
                PgSubscriptions.UNSUBSCRIBE,
                ids(200),
                times(1L, new Long[0]),
                times(1L, new Long[0]),
                ids(200),
                LongStream.rangeClosed(1, BATCH)
                        .mapToObj(n -> "f1/" + n * 200 % 5000)
                        .toArray(String[]::new),
                times("", new String[0]));
    }

    @Test
    void progressAndReceiptsAreWrittenByKey() {
        assertReads(
                4 * BATCH,
                PgSubscriptions.PROGRESS,
                ids(200),
                times(1L, new Long[0]),
                times("f1/200", new String[0]),
                times("", new String[0]),
                times("z", new String[0]),
                times(1L, new Long[0]));
        assertReads(
                4 * BATCH,
                PgSessions.FORGET,
                ids(200),
                times(1L, new Long[0]),
                times(1L, new Long[0]),
                times(7, new Integer[0]));
    }

    @Test
    void sweepsReadWhatIsDue() {
        assertReads(20 * BATCH, PgSessions.END_EXPIRED, BATCH);
        assertReads(BATCH, PgWills.DUE, BATCH);
        assertReads(4 * BATCH, PgWills.APPLY, ids(200), times("drop", new String[0]), times(0L, new Long[0]));
        assertReads(4 * BATCH, PgRetained.DELETE_EXPIRED, System.currentTimeMillis() + 3_600_000, BATCH);
    }

    @Test
    void retainedMessagesAreFoundByTopic() {
        assertReads(BATCH, PgRetained.TOPICS, (Object) names("site/1/dev/"));
    }

    @Test
    void aRangeOfRetainedMessagesReadsItsPage() {
        assertPageOfARange();
    }

    final void assertPageOfARange() {
        // 400 topics lie in the range; what a page looks at is bounded, whatever the planner believes.
        for (String[] tags : List.of(new String[0], new String[] {"4:k1"})) {
            assertReads(300, PgRetained.RANGE, "", "site/5", "site/5/", "site/50", tags, true, 50, 100);
        }
    }

    @Test
    void anEarlyWildcardReadsWhatHasTheTags() {
        CountedReads reads = reads(
                PgRetained.TAGGED,
                Tuple.of(new String[] {"0:site", "2:dev", "3:5005"}, "", "site/", "site0", true, 1_000));
        assertEquals(0, reads.scanned());
        assertTrue(reads.fetched() <= 10, reads.toString());
    }
}
