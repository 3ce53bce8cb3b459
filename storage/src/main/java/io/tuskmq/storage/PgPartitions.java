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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The life of the log's partitions: made ahead of time (or when an id has none), dropped when nobody needs them. */
final class PgPartitions {
    private static final Logger log = LoggerFactory.getLogger(PgPartitions.class);
    private static final String CHECK_VIOLATION = "23514";

    private static final String ENSURE = "SELECT ensure_log($1, $2, $3)";
    private static final String TRY_LOCK = "SELECT pg_try_advisory_lock(log_partition_lock() + 1000)";
    private static final String UNLOCK = "SELECT pg_advisory_unlock(log_partition_lock() + 1000)";

    // Nobody needs a partition when it lies below all sessions; and none that a lane may still append to is ever
    // dropped.
    private static final String DROPPABLE = """
            SELECT p.name, p.lower, p.upper, p.attached, p.detaching, low.id IS NULL OR p.upper <= low.id AS read
              FROM log_partition p,
                   (SELECT min(session_low(cursor, inflight)) AS id FROM session) low,
                   (SELECT min(head) AS id FROM lane) head
             WHERE NOT p.attached
                OR (p.upper <= head.id AND (low.id IS NULL OR p.upper <= low.id OR p.upper <= $1))
             ORDER BY p.lower
             LIMIT 100""";

    // Rows above the cursor of a session that subscribed before they came, each message once per session.
    private static final String UNDELIVERED = """
            SELECT count(*) FROM (
                SELECT DISTINCT s.session_id, l.id
                  FROM session s
                  JOIN subscription u ON u.session_id = s.session_id AND u.filter_id IS NOT NULL
                  JOIN log l ON l.filter_id = u.filter_id AND l.id >= $1 AND l.id < $2
                 WHERE l.id > coalesce(s.cursor[(l.id >> 12) & 511], 0)
                   AND l.id > coalesce(u.start[(l.id >> 12) & 511], 0)
                UNION
                SELECT s.session_id, l.id
                  FROM session s
                  JOIN log l ON l.filter_id = -s.session_id AND l.id >= $1 AND l.id < $2
                 WHERE l.id > coalesce(s.cursor[(l.id >> 12) & 511], 0)) missed""";

    private final Sql sql;
    private final long widthMillis;

    PgPartitions(Sql sql, long widthMillis) {
        this.sql = sql;
        this.widthMillis = widthMillis;
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

    private static Future<Dropped> dropAll(SqlConnection connection, long oldestId) {
        return connection.preparedQuery(DROPPABLE).execute(Tuple.of(oldestId)).compose(rows -> {
            List<Row> partitions = new ArrayList<>();
            rows.forEach(partitions::add);
            Future<Dropped> chain = Future.succeededFuture(new Dropped(0, 0));
            for (Row partition : partitions) {
                chain = chain.compose(sum -> drop(connection, partition)
                        .map(undelivered -> new Dropped(sum.partitions() + 1, sum.undelivered() + undelivered)));
            }
            return chain;
        });
    }

    private static Future<Long> drop(SqlConnection connection, Row partition) {
        String name = partition.getString("name");
        boolean attached = partition.getBoolean("attached");
        boolean detaching = partition.getBoolean("detaching");
        boolean read = partition.getBoolean("read");
        Future<Long> undelivered = !attached || detaching || read
                ? Future.succeededFuture(0L)
                : connection
                        .preparedQuery(UNDELIVERED)
                        .execute(Tuple.of(partition.getLong("lower"), partition.getLong("upper")))
                        .map(rows -> rows.iterator().next().getLong(0));
        // CONCURRENTLY: waits for those who read it, without making others wait. A node that died half-way left it
        // detaching.
        String detach = "ALTER TABLE log DETACH PARTITION " + name + (detaching ? " FINALIZE" : " CONCURRENTLY");
        return undelivered
                .compose(count -> (attached ? connection.query(detach).execute() : Future.succeededFuture())
                        .compose(detached ->
                                connection.query("DROP TABLE " + name).execute())
                        .map(count))
                .onSuccess(count -> log.info("log partition dropped name={} undelivered={}", name, count));
    }
}
