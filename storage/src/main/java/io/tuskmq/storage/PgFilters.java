package io.tuskmq.storage;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The persistent filters in PostgreSQL, and the node's copy of them kept in step. */
final class PgFilters implements Filters {
    /** Changes that one statement reads of each kind, and some more of the last version: so many are read well within the time for a call. */
    static final int PAGE = 20_000;

    // One statement, one snapshot: a version not too far ahead, and exactly the changes up to it. (BETWEEN, since a
    // generic plan takes an open range for a third of the table, and scans it.)
    static final String CHANGES = """
            WITH page AS MATERIALIZED (
                SELECT s.version AS newest,
                       least(s.version,
                             (SELECT f.added_version FROM filter f WHERE f.added_version BETWEEN $1::bigint + 1 AND s.version
                               ORDER BY f.added_version OFFSET $2 LIMIT 1),
                             (SELECT f.removed_version FROM filter f WHERE f.removed_version BETWEEN $1::bigint + 1 AND s.version
                               ORDER BY f.removed_version OFFSET $2 LIMIT 1)) AS version
                  FROM filter_set s)
            SELECT p.newest, p.version, f.filter_id, f.filter, f.added_version, f.removed_version
              FROM page p
              LEFT JOIN filter f ON f.added_version BETWEEN $1::bigint + 1 AND p.version
                                 OR f.removed_version BETWEEN $1::bigint + 1 AND p.version""";

    private static final String REMOVE_UNUSED = "SELECT remove_unused_filters($1)";

    private final Sql sql;
    private final Copy copy;
    private final int page;

    // One query at a time; who comes while it runs may need what was committed after it began, and shares the next one.
    private final ReentrantLock lock = new ReentrantLock();
    private boolean running;
    private @Nullable Promise<Long> next;

    PgFilters(Sql sql, Copy copy) {
        this(sql, copy, PAGE);
    }

    PgFilters(Sql sql, Copy copy, int page) {
        this.sql = sql;
        this.copy = copy;
        this.page = page;
    }

    @Override
    public Future<Long> catchUp() {
        Promise<Long> mine;
        lock.lock();
        try {
            if (running) {
                if (next == null) {
                    next = Promise.promise();
                }
                return next.future();
            }
            running = true;
            mine = Promise.promise();
        } finally {
            lock.unlock();
        }
        run(mine);
        return mine.future();
    }

    private void run(Promise<Long> answer) {
        nextPages().onComplete(done -> {
            @Nullable Promise<Long> waiting;
            lock.lock();
            try {
                waiting = next;
                next = null;
                running = waiting != null;
            } finally {
                lock.unlock();
            }
            if (waiting != null) {
                run(waiting);
            }
            answer.handle(done);
        });
    }

    /** What was read before a failure need not be read again. */
    private Future<Long> nextPages() {
        long since = copy.version();
        return sql.query(CHANGES, Tuple.of(since, page)).compose(rows -> {
            long newest = rows.iterator().next().getLong("newest");
            return apply(since, rows) < newest ? nextPages() : Future.succeededFuture(newest);
        });
    }

    private long apply(long since, RowSet<Row> rows) {
        List<Filter> added = new ArrayList<>();
        List<Filter> removed = new ArrayList<>();
        long version = since;
        for (Row row : rows) {
            version = row.getLong("version");
            Long removedVersion = row.getLong("removed_version");
            Long filterId = row.getLong("filter_id");
            if (filterId == null) {
                continue;
            }
            Filter filter = new Filter(filterId, row.getString("filter"));
            boolean isNew = row.getLong("added_version") > since;
            boolean isGone = removedVersion != null && removedVersion <= version;
            if (isNew && !isGone) {
                added.add(filter);
            } else if (!isNew && isGone) {
                removed.add(filter);
            }
        }
        if (version > since) {
            copy.apply(new Changes(version, added, removed));
        }
        return version;
    }

    @Override
    public Future<Integer> removeUnused(int limit) {
        return sql.query(REMOVE_UNUSED, Tuple.of(limit))
                .map(rows -> rows.iterator().next().getInteger(0));
    }
}
