package io.tuskmq.storage;

import io.tuskmq.storage.LogReader.Excess;
import io.tuskmq.storage.LogReader.Waiting;
import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.Arrays;
import java.util.List;

/** Finds where the newest messages of a backlog begin: from the end of each filter, by the key of the log, never more rows than are kept. */
final class PgExcess {
    // $1 filters, $2 the lowest id of each one's vector, $3 the vectors one after another, $4 lanes of each, $5 how
    // many are kept
    private static final String IDS = """
            SELECT id FROM log
             WHERE log.filter_id = r.filter_id AND log.id > r.low
               AND log.id > CASE WHEN (log.id >> 12) & 511 <= $4::integer
                                 THEN ($3::bigint[])[(r.n - 1)::integer * $4::integer + ((log.id >> 12) & 511)::integer] ELSE 0 END""";

    static final String LAST = """
            SELECT (SELECT array_agg(head ORDER BY lane_id) FROM lane) AS heads,
                   (SELECT id FROM (
                        SELECT DISTINCT l.id
                          FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS r (filter_id, low, n)
                         CROSS JOIN LATERAL (%s ORDER BY log.id DESC LIMIT $5::integer + 1) l) x
                     ORDER BY id DESC OFFSET $5::integer LIMIT 1) AS last""".formatted(IDS);

    static final String COUNT = """
            SELECT count(DISTINCT l.id) AS messages
              FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS r (filter_id, low, n)
             CROSS JOIN LATERAL (%s AND log.id <= $5::bigint) l""".formatted(IDS);

    private PgExcess() {}

    static Future<Excess> of(Sql sql, List<Waiting> waiting, int keep) {
        int lanes =
                waiting.stream().mapToInt(part -> part.above().lanes()).max().orElse(0);
        return sql.query(LAST, arguments(waiting, lanes).addInteger(keep)).compose(rows -> {
            Row row = rows.iterator().next();
            Long last = row.getLong("last");
            if (last == null) {
                return Future.succeededFuture(new Excess(new LaneVector(), 0));
            }
            LaneVector through = new LaneVector();
            Long[] heads = row.getArrayOfLongs("heads");
            for (int lane = 1; lane <= heads.length; lane++) {
                through.raise(
                        lane,
                        Math.min(last, heads[lane - 1])); // above its head a lane may still come to ids below the last
            }
            return sql.query(COUNT, arguments(waiting, lanes).addLong(last))
                    .map(counted ->
                            new Excess(through, counted.iterator().next().getLong("messages")));
        });
    }

    private static Tuple arguments(List<Waiting> waiting, int lanes) {
        Long[] vectors = new Long[waiting.size() * lanes];
        Arrays.setAll(vectors, i -> waiting.get(i / lanes).above().get(i % lanes + 1));
        return Tuple.tuple()
                .addArrayOfLong(waiting.stream().map(Waiting::filterId).toArray(Long[]::new))
                .addArrayOfLong(waiting.stream().map(part -> part.above().low()).toArray(Long[]::new))
                .addArrayOfLong(vectors)
                .addInteger(lanes);
    }
}
