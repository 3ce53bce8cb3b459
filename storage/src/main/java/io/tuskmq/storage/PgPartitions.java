package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneBatcher.Batch;
import io.tuskmq.storage.rules.LogId;
import io.vertx.core.Future;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The life of the log's partitions: made ahead of time (or when an id has none), dropped when nobody needs them. */
final class PgPartitions {
    private static final Logger log = LoggerFactory.getLogger(PgPartitions.class);
    private static final String CHECK_VIOLATION = "23514";

    private static final String ENSURE = "SELECT ensure_log($1, $2, $3)";
    private static final String TRY_LOCK = "SELECT pg_try_advisory_lock(log_partition_lock() + 1000)";
    private static final String UNLOCK = "SELECT pg_advisory_unlock(log_partition_lock() + 1000)";

    /** Sessions whose progress one statement looks at: a look at all of them at once takes longer than a statement may. */
    private static final int SESSIONS_MAX = 5_000;

    /** Sessions with which counting begins; then twice as many as long as a statement is quick. */
    private static final int COUNTED_AT_FIRST = 100;

    private static final long QUICK_NANOS = 200_000_000L;

    /** How long one call counts what was missed. What it has not counted then is dropped all the same: the disk comes first. */
    private static final long COUNTING_NANOS_MAX = 10_000_000_000L;

    // None that a lane may still append to is ever dropped.
    private static final String CLOSED = """
            SELECT p.name, p.lower, p.upper, p.attached, p.detaching
              FROM log_partition p, (SELECT min(head) AS id FROM lane) head
             WHERE NOT p.attached OR p.upper <= head.id
             ORDER BY p.lower
             LIMIT 100""";

    // $1: the session after which to look.
    static final String READ_TO = """
            SELECT min(session_low(s.cursor, s.inflight)) AS low, max(s.session_id) AS last
              FROM (SELECT session_id, cursor, inflight FROM session WHERE session_id > $1 ORDER BY session_id LIMIT $2) s""";

    // Rows above the cursor of a session that subscribed before they came, each message once per session, and of each
    // session up to $5 rows.
    static final String UNDELIVERED = """
            SELECT max(s.session_id) AS last, coalesce(sum(missed.n), 0)::bigint AS undelivered
              FROM (SELECT session_id, cursor FROM session WHERE session_id > $3 ORDER BY session_id LIMIT $4) s
              CROSS JOIN LATERAL (
                  SELECT count(DISTINCT m.id) AS n FROM (
                      SELECT l.id
                        FROM (SELECT u.filter_id, u.start FROM subscription u
                               WHERE u.session_id = s.session_id AND u.filter_id IS NOT NULL
                              UNION ALL SELECT -s.session_id, NULL) f
                        JOIN log l ON l.filter_id = f.filter_id AND l.id >= $1 AND l.id < $2
                       WHERE l.id > coalesce(s.cursor[(l.id >> 12) & 511], 0)
                         AND l.id > coalesce(f.start[(l.id >> 12) & 511], 0)
                       LIMIT $5) m) missed""";

    private final Sql sql;
    private final long widthMillis;
    private final long countingNanosMax;
    /** After which session one was found that had much to read: it is likely to be still away. */
    private volatile long behindAfter;

    PgPartitions(Sql sql, long widthMillis) {
        this(sql, widthMillis, COUNTING_NANOS_MAX);
    }

    PgPartitions(Sql sql, long widthMillis, long countingNanosMax) {
        this.sql = sql;
        this.widthMillis = widthMillis;
        this.countingNanosMax = countingNanosMax;
    }

    /** True for the failure of an insert whose id has no partition. */
    static boolean isMissing(Throwable failure) {
        return failure instanceof PgException pg
                && CHECK_VIOLATION.equals(pg.getSqlState())
                && pg.getErrorMessage().contains("no partition of relation");
    }

    private static final String BYTES = """
            SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint AS bytes
              FROM pg_inherits WHERE inhparent = 'log'::regclass""";

    Future<Long> bytes() {
        return sql.query(BYTES, Tuple.tuple())
                .map(rows -> rows.iterator().next().getLong("bytes"));
    }

    /** Makes partitions for all ids of a batch. */
    Future<Integer> ensure(Batch batch) {
        return ensure(LogId.millisOf(batch.appends().getFirst().id()), LogId.millisOf(batch.newHead()));
    }

    /** Makes partitions for now and two ahead. */
    Future<Integer> ensureAhead() {
        long now = System.currentTimeMillis();
        return ensure(now, now + 2 * widthMillis);
    }

    private Future<Integer> ensure(long fromMillis, long toMillis) {
        return sql.query(ENSURE, Tuple.of(fromMillis, toMillis, widthMillis))
                .map(rows -> rows.iterator().next().getInteger(0));
    }

    /** One node at a time; a second one finds nothing to do. */
    Future<Store.Retention> maintain(long retentionMillis) {
        long oldest = LogId.first(System.currentTimeMillis() - retentionMillis, 0);
        return ensureAhead()
                .compose(created -> sql.connection(connection -> connection
                        .query(TRY_LOCK)
                        .execute()
                        .compose(rows -> rows.iterator().next().getBoolean(0)
                                ? dropAll(connection, oldest)
                                        .eventually(
                                                () -> connection.query(UNLOCK).execute())
                                : Future.succeededFuture(new Dropped(0, 0)))
                        .map(dropped -> new Store.Retention(created, dropped.partitions(), dropped.undelivered()))));
    }

    private record Dropped(int partitions, long undelivered) {}

    private record Partition(String name, long lower, long upper, boolean attached, boolean detaching) {
        boolean isWhole() {
            return attached && !detaching;
        }
    }

    private Future<Dropped> dropAll(SqlConnection connection, long oldestId) {
        long countUntil = System.nanoTime() + countingNanosMax;
        return connection.query(CLOSED).execute().compose(rows -> {
            List<Partition> closed = new ArrayList<>();
            for (Row row : rows) {
                closed.add(new Partition(
                        row.getString("name"),
                        row.getLong("lower"),
                        row.getLong("upper"),
                        row.getBoolean("attached"),
                        row.getBoolean("detaching")));
            }
            return readTo(connection, closed).compose(readTo -> {
                Future<Dropped> chain = Future.succeededFuture(new Dropped(0, 0));
                for (Partition partition : closed) {
                    boolean read = partition.upper() <= readTo;
                    // Nobody needs one that lies below all sessions.
                    if (!partition.attached() || read || partition.upper() <= oldestId) {
                        chain = chain.compose(sum -> count(connection, partition, read, countUntil)
                                .compose(missed -> drop(connection, partition, missed))
                                .map(missed -> new Dropped(sum.partitions() + 1, sum.undelivered() + missed)));
                    }
                }
                return chain;
            });
        });
    }

    /**
     * Up to where all sessions have read. It is not looked for any further when a session is found that has not read the first
     * partition: then there is none that all have read.
     */
    private Future<Long> readTo(SqlConnection connection, List<Partition> closed) {
        long wanted = closed.stream()
                .filter(Partition::isWhole)
                .mapToLong(Partition::upper)
                .findFirst()
                .orElse(Long.MIN_VALUE);
        if (wanted == Long.MIN_VALUE) {
            return Future.succeededFuture(wanted);
        }
        Progress start = new Progress(0, Long.MAX_VALUE, false);
        return atOneTime(
                connection,
                () -> progress(connection, new Progress(behindAfter, Long.MAX_VALUE, false))
                        .compose(first -> first.low() < wanted
                                ? Future.succeededFuture(first)
                                : Pages.run(
                                        start,
                                        page -> page.isLast() || page.low() < wanted,
                                        page -> progress(connection, page)
                                                .onSuccess(next -> behindAfter = page.after())))
                        .map(Progress::low));
    }

    /** Between two pages a group's message may move from the one's session to the other's: all of them see one state. */
    private static <T> Future<T> atOneTime(SqlConnection connection, Supplier<Future<T>> pages) {
        return connection
                .query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                .execute()
                .compose(begun -> pages.get())
                .eventually(() -> connection.query("ROLLBACK").execute());
    }

    /**
     * How far a look at the sessions has come.
     *
     * @param after the session after which it goes on
     * @param low up to where all of those that were seen have read
     */
    private record Progress(long after, long low, boolean isLast) {}

    private static Future<Progress> progress(SqlConnection connection, Progress done) {
        return connection
                .preparedQuery(READ_TO)
                .execute(Tuple.of(done.after(), SESSIONS_MAX))
                .map(rows -> {
                    Row row = rows.iterator().next();
                    Long low = row.getLong("low");
                    Long last = row.getLong("last");
                    return low == null || last == null
                            ? new Progress(done.after(), done.low(), true)
                            : new Progress(last, Math.min(done.low(), low), false);
                });
    }

    /**
     * How far counting has come.
     *
     * @param after the session after which it goes on
     * @param sessions that are next
     */
    private record Counting(long undelivered, long after, int sessions, boolean isOver) {
        Counting end() {
            return new Counting(undelivered, after, sessions, true);
        }
    }

    /** How many messages sessions miss when it is dropped; at least so many. */
    private static Future<Long> count(SqlConnection connection, Partition partition, boolean read, long until) {
        if (!partition.isWhole() || read) {
            return Future.succeededFuture(0L);
        }
        Counting start = new Counting(0, 0, COUNTED_AT_FIRST, false);
        return Pages.run(start, Counting::isOver, done -> count(connection, partition, done, until))
                .map(Counting::undelivered);
    }

    private static Future<Counting> count(SqlConnection connection, Partition partition, Counting done, long until) {
        long began = System.nanoTime();
        Tuple args = Tuple.of(partition.lower(), partition.upper(), done.after(), done.sessions(), Survey.BACKLOG_MAX);
        return connection
                .preparedQuery(UNDELIVERED)
                .execute(args)
                .map(rows -> {
                    Row row = rows.iterator().next();
                    Long last = row.getLong("last");
                    if (last == null) {
                        return done.end();
                    }
                    long now = System.nanoTime();
                    int next =
                            now - began < QUICK_NANOS ? Math.min(2 * done.sessions(), SESSIONS_MAX) : done.sessions();
                    Counting counted =
                            new Counting(done.undelivered() + row.getLong("undelivered"), last, next, now - until > 0);
                    if (counted.isOver()) {
                        log.warn("what sessions miss was not counted to the end name={}", partition.name());
                    }
                    return counted;
                })
                .recover(failure -> {
                    // Were the drop to wait for the count, the disk would fill.
                    log.warn(
                            "what sessions miss was not counted to the end name={} reason={}",
                            partition.name(),
                            failure.getMessage());
                    return Future.succeededFuture(done.end());
                });
    }

    private static Future<Long> drop(SqlConnection connection, Partition partition, long undelivered) {
        String name = partition.name();
        // CONCURRENTLY: waits for those who read it, without making others wait. A node that died half-way left it
        // detaching.
        String detach =
                "ALTER TABLE log DETACH PARTITION " + name + (partition.detaching() ? " FINALIZE" : " CONCURRENTLY");
        return (partition.attached() ? connection.query(detach).execute() : Future.succeededFuture())
                .compose(detached -> connection.query("DROP TABLE " + name).execute())
                .map(dropped -> undelivered)
                .onSuccess(count -> log.info("log partition dropped name={} undelivered={}", name, count));
    }
}
