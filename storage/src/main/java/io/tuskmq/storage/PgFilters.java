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
    // One statement, one snapshot: the version and exactly the changes up to it. (BETWEEN, since a generic plan takes
    // an open range for
    // a third of the table, and scans it.)
    static final String CHANGES = """
            SELECT s.version, f.filter_id, f.filter, f.added_version, f.removed_version
              FROM filter_set s
              LEFT JOIN filter f ON f.added_version BETWEEN $1::bigint + 1 AND s.version
                                 OR f.removed_version BETWEEN $1::bigint + 1 AND s.version
             ORDER BY f.filter_id""";

    private static final String REMOVE_UNUSED = "SELECT remove_unused_filters($1)";

    private final Sql sql;
    private final Copy copy;

    // One query at a time; who comes while it runs may need what was committed after it began, and shares the next one.
    private final ReentrantLock lock = new ReentrantLock();
    private boolean running;
    private @Nullable Promise<Long> next;

    PgFilters(Sql sql, Copy copy) {
        this.sql = sql;
        this.copy = copy;
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
        long since = copy.version();
        sql.query(CHANGES, Tuple.of(since)).map(rows -> apply(since, rows)).onComplete(done -> {
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

    private long apply(long since, RowSet<Row> rows) {
        List<Filter> added = new ArrayList<>();
        List<Filter> removed = new ArrayList<>();
        long version = since;
        for (Row row : rows) {
            version = row.getLong("version");
            Long filterId = row.getLong("filter_id");
            if (filterId == null) {
                continue;
            }
            Filter filter = new Filter(filterId, row.getString("filter"));
            boolean isNew = row.getLong("added_version") > since;
            boolean isGone = row.getLong("removed_version") != null;
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
