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

    private final Pools pools;
    private final Sql sql;
    private final PgPartitions partitions;
    private final PgLeases leases;
    private final PgLeases heartbeat;
    private final PgFilters filters;
    private final PgLog log;
    private final PgSessions sessions;
    private final PgRetained retained;
    private final PgWills wills;
    private final PgAccess access;
    private final PgSurvey survey;

    private PgStore(Pools pools, Options options, Filters.Copy copy) {
        this.pools = pools;
        this.sql = pools.durable();
        this.partitions = new PgPartitions(sql, options.partitionMillis());
        this.leases = new PgLeases(sql, sql, partitions);
        this.heartbeat = new PgLeases(pools.renewals(), pools.endings(), partitions);
        this.filters = new PgFilters(sql, copy);
        this.log = new PgLog(sql, READ_CONNECTIONS);
        this.sessions = new PgSessions(sql, pools.asynchronous());
        this.retained = new PgRetained(sql);
        this.wills = new PgWills(sql);
        this.access = new PgAccess(sql);
        this.survey = new PgSurvey(sql);
    }

    /**
     * Whose event loops it works on.
     *
     * @param heartbeat for {@link #heartbeat}, which has two connections of its own there
     */
    public record Loops(Vertx all, Vertx heartbeat) {}

    /** Connects lazily: the first call finds out whether the database is there. */
    public static PgStore open(Vertx vertx, DatabaseUrl url, Options options, Filters.Copy copy) {
        return open(new Loops(vertx, vertx), url, options, copy);
    }

    /** The same, with other event loops for the heartbeat. */
    public static PgStore open(Loops loops, DatabaseUrl url, Options options, Filters.Copy copy) {
        Sql.Options durable = new Sql.Options(options.connectionsMax(), WAITING_MAX, options.timeoutMillis(), true);
        Sql.Options lazy = new Sql.Options(1, WAITING_MAX, options.timeoutMillis(), false);
        Sql.Options single = new Sql.Options(1, WAITING_MAX, options.timeoutMillis(), true);
        var pools = new Pools(
                Sql.open(loops.all(), url, durable),
                Sql.open(loops.all(), url, lazy),
                Sql.openApart(loops.heartbeat(), url, single),
                Sql.openApart(loops.heartbeat(), url, single));
        return new PgStore(pools, options, copy);
    }

    /**
     * @param renewals of the own lease
     * @param endings of other nodes, which may wait for locks
     */
    private record Pools(Sql durable, Sql asynchronous, Sql renewals, Sql endings) {
        Future<Void> close() {
            return Future.join(durable.close(), asynchronous.close(), renewals.close(), endings.close())
                    .mapEmpty();
        }
    }

    @Override
    public Leases leases() {
        return leases;
    }

    @Override
    public Leases heartbeat() {
        return heartbeat;
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
    public Access access() {
        return access;
    }

    @Override
    public Survey survey() {
        return survey;
    }

    @Override
    public Connections connections() {
        return sql.connections();
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
        return pools.close();
    }
}
