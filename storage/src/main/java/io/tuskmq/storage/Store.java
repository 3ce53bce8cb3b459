package io.tuskmq.storage;

import io.vertx.core.Future;

/**
 * The memory of the broker. Two stand behind this port and pass one contract test: {@code PgStore} (PostgreSQL) and {@code
 * MemoryStore} (for tests and simulation). Every future fails with {@link StorageException} only. Calls may come from any thread;
 * futures complete on the caller's Vert.x context where there is one.
 */
public interface Store {
    Leases leases();

    /** The same leases, for the heartbeat alone: on connections and an event loop that nothing else uses, where there are such. */
    default Leases heartbeat() {
        return leases();
    }

    Filters filters();

    Sessions sessions();

    LogReader log();

    Retained retained();

    Wills wills();

    Access access();

    Survey survey();

    /**
     * The one writer of a leased lane; call once per lane and incarnation.
     *
     * @param listener told of each batch, on one thread, in the lane's order
     */
    LaneWriter laneWriter(Leases.Lane lane, LaneListener listener);

    /** Creates log partitions ahead and drops those that no session needs or that are older than the retention. */
    Future<Retention> maintainLog(long retentionMillis);

    /** What {@link #maintainLog} did: partitions made and dropped, and how many messages went undelivered with them. */
    record Retention(int created, int dropped, long undelivered) {}

    /** What the log takes on disk, indexes and all. */
    Future<Long> logBytes();

    /**
     * Connections to the database besides those of the lanes.
     *
     * @param waiting calls that wait for one of them
     */
    record Connections(int max, int inUse, int waiting) {}

    /** What is in use now; nothing, where there are no connections. */
    default Connections connections() {
        return new Connections(0, 0, 0);
    }

    Future<Void> close();
}
