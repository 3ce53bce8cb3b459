package io.tuskmq.storage;

import io.tuskmq.storage.Survey.Backlog;
import io.tuskmq.storage.rules.LogId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The look for the oldest message that waits: from the oldest part of the log on, by filters and, where many read one, by sessions, a page
 * in each statement. A look over hundreds of thousands of sessions takes long; then it is followed by a pause, in which only the sessions
 * that it found are asked for again.
 */
final class PgBacklog {
    /** Parts of the log that one look goes through. */
    private static final int PARTS_MAX = 50;

    private static final int FILTERS_MAX = 500;

    /** Readers of a filter up to which it is looked at together with other ones. */
    private static final int FEW_READERS = 50;

    private static final int READERS_MAX = 5_000;

    /** Sessions that have waited longest. */
    private static final int SESSIONS_MAX = 10;

    /** Statements up to which a look is not followed by a pause. */
    private static final int STATEMENTS_FREE = 50;

    /** Of the time that the look took: so it takes a tenth of one connection's time. */
    private static final int PAUSE_TIMES = 9;

    private static final String PARTS = """
            SELECT lower, upper FROM log_partition WHERE attached AND NOT detaching AND upper > $1 ORDER BY lower LIMIT $2""";

    // The next filters that have messages in the part, found by leaps over the key; how many read each, up to $5.
    static final String FILLED = """
            WITH RECURSIVE present AS (
                SELECT (SELECT l.filter_id FROM log l WHERE l.filter_id > $3 AND l.id >= $1 AND l.id < $2
                         ORDER BY l.filter_id LIMIT 1) AS filter_id, 1 AS n
                UNION ALL
                SELECT (SELECT l.filter_id FROM log l WHERE l.filter_id > p.filter_id AND l.id >= $1 AND l.id < $2
                         ORDER BY l.filter_id LIMIT 1), p.n + 1
                  FROM present p WHERE p.filter_id IS NOT NULL AND p.n < $4
            )
            SELECT p.filter_id,
                   (SELECT l.id FROM log l WHERE l.filter_id = p.filter_id AND l.id >= $1 AND l.id < $2 ORDER BY l.id LIMIT 1) AS first,
                   (SELECT l.id FROM log l WHERE l.filter_id = p.filter_id AND l.id >= $1 AND l.id < $2
                     ORDER BY l.id DESC LIMIT 1) AS last,
                   (SELECT count(*) FROM (SELECT FROM subscription u WHERE u.filter_id = p.filter_id LIMIT $5) c) AS readers
              FROM present p WHERE p.filter_id IS NOT NULL
             ORDER BY p.filter_id""";

    static final String LAST_READER = """
            SELECT max(session_id) AS last
              FROM (SELECT u.session_id FROM subscription u WHERE u.filter_id = $1 AND u.session_id > $2
                     ORDER BY u.session_id LIMIT $3) s""";

    // The sessions that have not read to the last message of a filter.
    static final String WAITING = """
            SELECT r.session_id, min(m.id) AS oldest
              FROM (SELECT f.filter_id, f.last, s.session_id, s.cursor, u.start, session_low(s.cursor, s.inflight) AS low
                      FROM unnest($1::bigint[], $2::bigint[]) AS f (filter_id, last)
                      CROSS JOIN LATERAL (
                          SELECT u.session_id, u.start FROM subscription u
                           WHERE u.filter_id = f.filter_id AND u.session_id > $3 AND u.session_id <= $4
                          UNION ALL SELECT -f.filter_id, NULL WHERE f.filter_id < 0) u
                      JOIN session s ON s.session_id = u.session_id
                    OFFSET 0) r
              JOIN LATERAL (SELECT l.id FROM log l
                             WHERE l.filter_id = r.filter_id AND l.id >= greatest($5, r.low) AND l.id < $6
                               AND l.id > coalesce(r.cursor[(l.id >> 12) & 511], 0)
                               AND l.id > coalesce(r.start[(l.id >> 12) & 511], 0)
                               AND (l.expires_at IS NULL OR l.expires_at > $7)
                             ORDER BY l.id LIMIT 1) m ON true
             WHERE r.low < r.last
             GROUP BY r.session_id
             ORDER BY oldest
             LIMIT $8""";

    // What now waits for sessions that waited: their own rows, each filter from where the session has read to.
    static final String STILL = """
            SELECT s.session_id, min(m.id) AS oldest
              FROM unnest($1::bigint[]) AS w (session_id)
              JOIN session s ON s.session_id = w.session_id
              JOIN LATERAL (SELECT u.filter_id, u.start FROM subscription u
                             WHERE u.session_id = s.session_id AND u.filter_id IS NOT NULL
                            UNION ALL SELECT -s.session_id, NULL) f ON true
              JOIN LATERAL (SELECT l.id FROM log l
                             WHERE l.filter_id = f.filter_id AND l.id >= greatest($2, session_low(s.cursor, s.inflight))
                               AND l.id > coalesce(s.cursor[(l.id >> 12) & 511], 0)
                               AND l.id > coalesce(f.start[(l.id >> 12) & 511], 0)
                               AND (l.expires_at IS NULL OR l.expires_at > $3)
                             ORDER BY l.id LIMIT 1) m ON true
             GROUP BY s.session_id""";

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

    private volatile Found last = new Found(Future.succeededFuture(Map.of()), System.nanoTime());

    PgBacklog(Sql sql) {
        this.sql = sql;
    }

    /**
     * How a look ended.
     *
     * @param oldest the sessions that have waited longest, and since when
     * @param nextNanos when the next one may begin
     */
    private record Found(Future<Map<Long, Long>> oldest, long nextNanos) {}

    private record Part(long lower, long upper) {}

    private record Filled(long filterId, long first, long last, long readers) {}

    Future<Optional<Backlog>> find() {
        Found before = last;
        long began = System.nanoTime();
        if (began - before.nextNanos() < 0) {
            return before.oldest().compose(this::still).compose(this::most);
        }
        Look look = new Look();
        Future<Map<Long, Long>> looked = look.run().map(done -> look.oldest);
        return looked.onComplete(ended -> {
                    long now = System.nanoTime();
                    // One that failed may have cost as much as a statement may.
                    boolean pauses = ended.failed() || look.statements > STATEMENTS_FREE;
                    last = new Found(looked, now + (pauses ? PAUSE_TIMES * (now - began) : 0));
                })
                .compose(this::most);
    }

    private Future<Map<Long, Long>> still(Map<Long, Long> before) {
        if (before.isEmpty()) {
            return Future.succeededFuture(before);
        }
        Tuple args = Tuple.of(before.keySet().toArray(Long[]::new), Collections.min(before.values()));
        return sql.query(STILL, args.addLong(System.currentTimeMillis())).map(rows -> {
            Map<Long, Long> waiting = new HashMap<>();
            rows.forEach(row -> waiting.put(row.getLong("session_id"), row.getLong("oldest")));
            return waiting;
        });
    }

    private Future<Optional<Backlog>> most(Map<Long, Long> oldest) {
        if (oldest.isEmpty()) {
            return Future.succeededFuture(Optional.empty());
        }
        long since = Collections.min(oldest.values());
        Long[] sessions = oldest.keySet().toArray(Long[]::new);
        return sql.query(MOST, Tuple.of(sessions, since, Survey.BACKLOG_MAX))
                .map(rows -> Optional.of(new Backlog(
                        LogId.millisOf(since), rows.iterator().next().getLong("most"))));
    }

    /** One look; it lives in the callbacks of one call after the other. */
    private final class Look {
        private final long nowMillis = System.currentTimeMillis();
        /** The sessions that have waited longest, and since when. */
        private Map<Long, Long> oldest = new HashMap<>();

        private int statements;

        Future<Void> run() {
            // A lane's clock may be behind: what is older than the lowest head is all there.
            return sql.query("SELECT coalesce(min(head), 0) AS head FROM lane", Tuple.tuple())
                    .compose(lanes -> {
                        long closedTo = lanes.iterator().next().getLong("head");
                        return sql.query(PARTS, Tuple.of(deliveredTo, PARTS_MAX))
                                .compose(rows -> {
                                    List<Part> parts = new ArrayList<>();
                                    rows.forEach(
                                            row -> parts.add(new Part(row.getLong("lower"), row.getLong("upper"))));
                                    return Pages.run(
                                            0,
                                            next -> next == parts.size() || !oldest.isEmpty(),
                                            next -> part(parts.get(next), closedTo)
                                                    .map(next + 1));
                                });
                    })
                    .mapEmpty();
        }

        private Future<Void> part(Part part, long closedTo) {
            return Pages.run(
                            Optional.of(Long.MIN_VALUE), Optional::isEmpty, after -> filters(part, after.orElseThrow()))
                    .onSuccess(done -> {
                        if (oldest.isEmpty() && part.upper() <= closedTo) {
                            deliveredTo = part.upper();
                        }
                    })
                    .mapEmpty();
        }

        /** Looks at the next filters; the last of them, or nothing when there are no more. */
        private Future<Optional<Long>> filters(Part part, long after) {
            Tuple args = Tuple.of(part.lower(), part.upper(), after, FILTERS_MAX, FEW_READERS + 1);
            statements++;
            return sql.query(FILLED, args).compose(rows -> {
                List<Filled> few = new ArrayList<>();
                List<Filled> many = new ArrayList<>();
                long end = after;
                for (Row row : rows) {
                    Filled filled = new Filled(
                            row.getLong("filter_id"),
                            row.getLong("first"),
                            row.getLong("last"),
                            row.getLong("readers"));
                    end = filled.filterId();
                    if (filled.first() < bound(part)) {
                        (filled.readers() > FEW_READERS ? many : few).add(filled);
                    }
                }
                Optional<Long> next = rows.size() < FILTERS_MAX ? Optional.empty() : Optional.of(end);
                return waiting(part, few, 0, Long.MAX_VALUE)
                        .compose(done -> Pages.run(
                                0,
                                i -> i == many.size(),
                                i -> readers(part, many.get(i)).map(i + 1)))
                        .map(done -> next);
            });
        }

        private Future<Void> readers(Part part, Filled filled) {
            return Pages.run(Optional.of(0L), Optional::isEmpty, after -> {
                        Tuple args = Tuple.of(filled.filterId(), after.orElseThrow(), READERS_MAX);
                        statements++;
                        return sql.query(LAST_READER, args).compose(rows -> {
                            Optional<Long> to =
                                    Optional.ofNullable(rows.iterator().next().getLong("last"));
                            return to.isEmpty()
                                    ? Future.succeededFuture(to)
                                    : waiting(part, List.of(filled), after.orElseThrow(), to.get())
                                            .map(to);
                        });
                    })
                    .mapEmpty();
        }

        private Future<Void> waiting(Part part, List<Filled> filters, long after, long to) {
            if (filters.isEmpty()) {
                return Future.succeededFuture();
            }
            Tuple args = Tuple.of(
                    filters.stream().map(Filled::filterId).toArray(Long[]::new),
                    filters.stream().map(Filled::last).toArray(Long[]::new),
                    after,
                    to);
            args.addLong(part.lower()).addLong(bound(part)).addLong(nowMillis).addInteger(SESSIONS_MAX);
            statements++;
            return sql.query(WAITING, args).map(rows -> {
                for (Row row : rows) {
                    oldest.merge(row.getLong("session_id"), row.getLong("oldest"), Math::min);
                }
                keepLongest();
                return null;
            });
        }

        private void keepLongest() {
            Map<Long, Long> kept = new HashMap<>();
            oldest.entrySet().stream()
                    .sorted(Map.Entry.comparingByValue(Comparator.naturalOrder()))
                    .limit(SESSIONS_MAX)
                    .forEach(entry -> kept.put(entry.getKey(), entry.getValue()));
            oldest = kept;
        }

        /** From where on a message does not matter: ten sessions wait for older ones. */
        private long bound(Part part) {
            return oldest.size() < SESSIONS_MAX
                    ? part.upper()
                    : oldest.values().stream().mapToLong(Long::longValue).max().orElseThrow();
        }
    }
}
