package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Node processes and their lanes, by the clock of PostgreSQL (functions of migration V2). */
final class PgLeases implements Leases {
    private static final String REGISTER = "SELECT incarnation, lane_id, head FROM register_node($1, $2, $3)";
    private static final String END_NAMESAKES =
            "SELECT end_node(n.incarnation) FROM (SELECT incarnation FROM node WHERE name = $1 ORDER BY incarnation) n";
    private static final String RENEW = "SELECT renew_node($1, $2)";
    private static final String HEADS = "SELECT array_agg(head ORDER BY lane_id) FROM lane";
    private static final String END = "SELECT end_node($1)";
    private static final String EXPIRED =
            "SELECT incarnation FROM node WHERE lease_until < clock_timestamp() ORDER BY incarnation LIMIT 100";
    private static final String END_EXPIRED = "SELECT end_expired_node($1)";

    private final Sql sql;
    private final PgPartitions partitions;

    PgLeases(Sql sql, PgPartitions partitions) {
        this.sql = sql;
        this.partitions = partitions;
    }

    @Override
    public Future<Lease> register(String nodeName, int lanes, long leaseMillis) {
        // Who is about to append finds partitions.
        return partitions
                .ensureAhead()
                .compose(made -> sql.query(REGISTER, Tuple.of(nodeName, lanes, leaseMillis)))
                .map(rows -> {
                    List<Lane> leased = new ArrayList<>();
                    for (Row row : rows) {
                        leased.add(
                                new Lane(row.getInteger("lane_id"), row.getLong("head"), row.getLong("incarnation")));
                    }
                    leased.sort(Comparator.comparingInt(Lane::laneId));
                    return new Lease(leased.getFirst().incarnation(), leased);
                });
    }

    @Override
    public Future<Void> endNamesakes(String nodeName) {
        return sql.query(END_NAMESAKES, Tuple.of(nodeName)).mapEmpty();
    }

    @Override
    public Future<Heartbeat> renew(long incarnation, long leaseMillis) {
        return sql.query(RENEW, Tuple.of(incarnation, leaseMillis))
                .compose(rows -> isTrue(rows)
                        ? sql.query(HEADS, Tuple.tuple()).map(heads -> new Heartbeat(vector(heads)))
                        : Future.failedFuture(new StorageException(
                                StorageException.Kind.FENCED,
                                "the lease of incarnation " + incarnation + " was revoked",
                                null)));
    }

    @Override
    public Future<Void> release(long incarnation) {
        return sql.query(END, Tuple.of(incarnation)).mapEmpty();
    }

    @Override
    public Future<List<Long>> endExpired() {
        return sql.query(EXPIRED, Tuple.tuple()).compose(rows -> {
            Future<List<Long>> chain = Future.succeededFuture(new ArrayList<>());
            for (Row row : rows) {
                long incarnation = row.getLong(0);
                chain = chain.compose(ended -> sql.query(END_EXPIRED, Tuple.of(incarnation))
                        .map(result -> {
                            if (isTrue(result)) {
                                ended.add(incarnation);
                            }
                            return ended;
                        }));
            }
            return chain;
        });
    }

    private static boolean isTrue(RowSet<Row> rows) {
        return rows.iterator().next().getBoolean(0);
    }

    private static LaneVector vector(RowSet<Row> rows) {
        return PgLog.vector(rows.iterator().next().getArrayOfLongs(0));
    }
}
