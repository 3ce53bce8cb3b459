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
    private static final String CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros";

    private static final String LOG = """
            SELECT p.lower, pg_total_relation_size(c.oid) AS bytes, greatest(c.reltuples, 0)::bigint AS rows
              FROM log_partition p JOIN pg_class c ON c.relname = p.name AND c.relnamespace = 'public'::regnamespace
             WHERE p.attached AND NOT p.detaching
             ORDER BY p.lower""";

    private static final String COUNTS = """
            SELECT (SELECT count(*) FROM session WHERE owner IS NULL) AS offline,
                   (SELECT count(*) FROM will WHERE due_at IS NOT NULL) AS wills""";

    private final Sql sql;
    private final PgBacklog backlog;

    PgSurvey(Sql sql) {
        this.sql = sql;
        this.backlog = new PgBacklog(sql);
    }

    @Override
    public Future<Long> clockMicros() {
        return sql.query(CLOCK, Tuple.tuple())
                .map(rows -> rows.iterator().next().getLong("micros"));
    }

    @Override
    public Future<List<LogPart>> log() {
        return sql.query(LOG, Tuple.tuple()).map(rows -> {
            List<LogPart> parts = new ArrayList<>();
            for (Row row : rows) {
                parts.add(new LogPart(LogId.millisOf(row.getLong("lower")), row.getLong("bytes"), row.getLong("rows")));
            }
            return parts;
        });
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
        return backlog.find();
    }
}
