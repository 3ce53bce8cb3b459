package io.tuskmq.storage;

import io.tuskmq.migrations.DatabaseUrl;
import io.vertx.core.Future;
import io.vertx.core.Vertx;

/** The memory of the broker in PostgreSQL. The schema must be current (see {@link io.tuskmq.migrations.Migrate}). */
public final class PgStore implements Store {
    /**
     * @param connectionsMax connections besides those of the lanes (one each) and one for what need not be durable
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
    private final Sql asynchronous;
    private final PgPartitions partitions;
    private final PgLeases leases;
    private final PgFilters filters;
    private final PgLog log;
    private final PgSessions sessions;
    private final PgRetained retained;
    private final PgWills wills;

    private PgStore(Sql sql, Sql asynchronous, Options options, Filters.Copy copy) {
        this.sql = sql;
        this.asynchronous = asynchronous;
        this.partitions = new PgPartitions(sql, options.partitionMillis());
        this.leases = new PgLeases(sql, partitions);
        this.filters = new PgFilters(sql, copy);
        this.log = new PgLog(sql, READ_CONNECTIONS);
        this.sessions = new PgSessions(sql, asynchronous);
        this.retained = new PgRetained(sql);
        this.wills = new PgWills(sql);
    }

    /** Connects lazily: the first call finds out whether the database is there. */
    public static PgStore open(Vertx vertx, DatabaseUrl url, Options options, Filters.Copy copy) {
        Sql.Options durable = new Sql.Options(options.connectionsMax(), WAITING_MAX, options.timeoutMillis(), true);
        Sql.Options lazy = new Sql.Options(1, WAITING_MAX, options.timeoutMillis(), false);
        return new PgStore(Sql.open(vertx, url, durable), Sql.open(vertx, url, lazy), options, copy);
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
        return sessions;
    }

    @Override
    public LogReader log() {
        return log;
    }

    @Override
    public Retained retained() {
        return retained;
    }

    @Override
    public Wills wills() {
        return wills;
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
    public Future<Long> logBytes() {
        return partitions.bytes();
    }

    @Override
    public Future<Void> close() {
        return Future.join(sql.close(), asynchronous.close()).mapEmpty();
    }
}
