package io.tuskmq.storage;

import io.tuskmq.storage.rules.LogId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What PostgreSQL holds, by statements that read keys, statistics, or one table once. */
final class PgSurvey implements Survey {
    /** Parts of the log that one call looks through. */
    private static final int PARTS_MAX = 50;

    private static final int SESSIONS_MAX = 10;

    private static final String CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros";

    private static final String LOG = """
            SELECT p.lower, p.upper, pg_total_relation_size(c.oid) AS bytes, greatest(c.reltuples, 0)::bigint AS rows
              FROM log_partition p JOIN pg_class c ON c.relname = p.name AND c.relnamespace = 'public'::regnamespace
             WHERE p.attached AND NOT p.detaching
             ORDER BY p.lower""";

    private static final String COUNTS = """
            SELECT (SELECT count(*) FROM session WHERE owner IS NULL) AS offline,
                   (SELECT count(*) FROM will WHERE due_at IS NOT NULL) AS wills""";

    // The filters that have messages in the part, found by leaps over the key; then the sessions that have not read to
    // the last of each.
    static final String WAITING = """
            WITH RECURSIVE present AS (
                SELECT (SELECT l.filter_id FROM log l WHERE l.id >= $1 AND l.id < $2 ORDER BY l.filter_id LIMIT 1) AS filter_id
                UNION ALL
                SELECT (SELECT l.filter_id FROM log l WHERE l.filter_id > p.filter_id AND l.id >= $1 AND l.id < $2
                         ORDER BY l.filter_id LIMIT 1)
                  FROM present p WHERE p.filter_id IS NOT NULL
            ), filled AS (
                SELECT p.filter_id, (SELECT l.id FROM log l WHERE l.filter_id = p.filter_id AND l.id >= $1 AND l.id < $2
                                      ORDER BY l.id DESC LIMIT 1) AS last
                  FROM present p WHERE p.filter_id IS NOT NULL
            ), reader AS (
                SELECT f.filter_id, s.session_id, s.cursor, u.start, session_low(s.cursor, s.inflight) AS low, f.last
                  FROM filled f JOIN subscription u ON u.filter_id = f.filter_id JOIN session s ON s.session_id = u.session_id
                UNION ALL
                SELECT f.filter_id, s.session_id, s.cursor, NULL, session_low(s.cursor, s.inflight), f.last
                  FROM filled f JOIN session s ON s.session_id = -f.filter_id
            )
            SELECT r.session_id, min(m.id) AS oldest
              FROM reader r
              JOIN LATERAL (SELECT l.id FROM log l
                             WHERE l.filter_id = r.filter_id AND l.id >= greatest($1, r.low) AND l.id < $2
                               AND l.id > coalesce(r.cursor[(l.id >> 12) & 511], 0)
                               AND l.id > coalesce(r.start[(l.id >> 12) & 511], 0)
                               AND (l.expires_at IS NULL OR l.expires_at > $3)
                             ORDER BY l.id LIMIT 1) m ON true
             WHERE r.low < r.last
             GROUP BY r.session_id
             ORDER BY oldest
             LIMIT $4""";

    private static final String MOST = """
            SELECT coalesce(max(n), 0) AS most
              FROM unnest($1::bigint[]) AS w (session_id)
              JOIN session s ON s.session_id = w.session_id
              JOIN LATERAL (
                  SELECT count(*) AS n FROM (
                      SELECT l.id
                        FROM (SELECT u.filter_id, u.start FROM subscription u
                               WHERE u.session_id = s.session_id AND u.filter_id IS NOT NULL
                              UNION ALL SELECT -s.session_id, NULL) f
                        JOIN log l ON l.filter_id = f.filter_id AND l.id >= $2
                       WHERE l.id > coalesce(s.cursor[(l.id >> 12) & 511], 0)
                         AND l.id > coalesce(f.start[(l.id >> 12) & 511], 0)
                       LIMIT $3) m) c ON true""";

    private final Sql sql;
    /** The end of the parts in which all was found to be delivered: nothing is added to them any more. */
    private volatile long deliveredTo;

    PgSurvey(Sql sql) {
        this.sql = sql;
    }

    @Override
    public Future<Long> clockMicros() {
        return sql.query(CLOCK, Tuple.tuple())
                .map(rows -> rows.iterator().next().getLong("micros"));
    }

    private record Part(long lower, long upper, LogPart shown) {}

    private Future<List<Part>> parts() {
        return sql.query(LOG, Tuple.tuple()).map(rows -> {
            List<Part> parts = new ArrayList<>();
            for (Row row : rows) {
                long lower = row.getLong("lower");
                var shown = new LogPart(LogId.millisOf(lower), row.getLong("bytes"), row.getLong("rows"));
                parts.add(new Part(lower, row.getLong("upper"), shown));
            }
            return parts;
        });
    }

    @Override
    public Future<List<LogPart>> log() {
        return parts().map(parts -> parts.stream().map(Part::shown).toList());
    }

    @Override
    public Future<Counts> counts() {
        return sql.query(COUNTS, Tuple.tuple()).map(rows -> {
            Row row = rows.iterator().next();
            return new Counts(row.getLong("offline"), row.getLong("wills"));
        });
    }

    @Override
    public Future<Optional<Backlog>> backlog() {
        // A lane's clock may be behind: what is older than the lowest head is all there.
        return sql.query("SELECT min(head) AS head FROM lane", Tuple.tuple()).compose(rows -> {
            Long head = rows.iterator().next().getLong("head");
            long closedTo = head == null ? 0 : head;
            return parts().compose(parts -> look(
                    parts.stream()
                            .filter(part -> part.upper() > deliveredTo)
                            .limit(PARTS_MAX)
                            .toList(),
                    closedTo));
        });
    }

    private Future<Optional<Backlog>> look(List<Part> parts, long closedTo) {
        if (parts.isEmpty()) {
            return Future.succeededFuture(Optional.empty());
        }
        Part first = parts.getFirst();
        Tuple args = Tuple.of(first.lower(), first.upper(), System.currentTimeMillis(), SESSIONS_MAX);
        return sql.query(WAITING, args).compose(rows -> {
            if (rows.size() > 0) {
                return most(rows);
            }
            if (first.upper() <= closedTo) {
                deliveredTo = first.upper();
            }
            return look(parts.subList(1, parts.size()), closedTo);
        });
    }

    private Future<Optional<Backlog>> most(Iterable<Row> waiting) {
        List<Long> sessions = new ArrayList<>();
        long oldest = Long.MAX_VALUE;
        for (Row row : waiting) {
            sessions.add(row.getLong("session_id"));
            oldest = Math.min(oldest, row.getLong("oldest"));
        }
        long since = oldest;
        return sql.query(MOST, Tuple.of(sessions.toArray(Long[]::new), since, BACKLOG_MAX))
                .map(rows -> Optional.of(new Backlog(
                        LogId.millisOf(since), rows.iterator().next().getLong("most"))));
    }
}
