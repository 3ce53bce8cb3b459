package io.tuskmq.storage;

import io.tuskmq.migrations.DatabaseUrl;
import io.vertx.core.Future;
import io.vertx.core.Vertx;

/** The memory of the broker in PostgreSQL. The schema must be current (see {@link io.tuskmq.migrations.Migrate}). */
public final class PgStore implements Store {
    /**
     * @param connectionsMax connections besides those of the lanes (one each)
     * @param timeoutMillis after which a call fails TRANSIENT, its outcome unknown
     * @param partitionMillis how long the ids of one log partition reach
     */
    public record Options(int connectionsMax, long timeoutMillis, long partitionMillis) {
        /** Eight connections, 5 seconds (a CONNECT must be refused by then, I11), partitions of an hour. */
        public static Options defaults() {
            return new Options(8, 5_000, 3_600_000);
        }
    }

    private static final int READ_CONNECTIONS = 2;
    private static final int WAITING_MAX = 2_000;

    private final Sql sql;
    private final PgPartitions partitions;
    private final PgLeases leases;
    private final PgFilters filters;
    private final PgLog log;

    private PgStore(Sql sql, Options options, Filters.Copy copy) {
        this.sql = sql;
        this.partitions = new PgPartitions(sql, options.partitionMillis());
        this.leases = new PgLeases(sql, partitions);
        this.filters = new PgFilters(sql, copy);
        this.log = new PgLog(sql, READ_CONNECTIONS);
    }

    /** Connects lazily: the first call finds out whether the database is there. */
    public static PgStore open(Vertx vertx, DatabaseUrl url, Options options, Filters.Copy copy) {
        Sql sql = Sql.open(
                vertx, url, new Sql.Options(options.connectionsMax(), WAITING_MAX, options.timeoutMillis(), true));
        return new PgStore(sql, options, copy);
    }

    @Override
    public Leases leases() {
        return leases;
    }

    @Override
    public Filters filters() {
        return filters;
    }

    @Override
    public Sessions sessions() {
        throw new UnsupportedOperationException("PgSessions");
    }

    @Override
    public LogReader log() {
        return log;
    }

    @Override
    public Retained retained() {
        throw new UnsupportedOperationException("PgRetained");
    }

    @Override
    public Wills wills() {
        throw new UnsupportedOperationException("PgWills");
    }

    @Override
    public LaneWriter laneWriter(Leases.Lane lane, LaneListener listener) {
        return new PgLaneWriter(sql, filters, partitions, lane, listener);
    }

    @Override
    public Future<Retention> maintainLog(long retentionMillis) {
        return partitions.maintain(retentionMillis);
    }

    @Override
    public Future<Void> close() {
        return sql.close();
    }
}
