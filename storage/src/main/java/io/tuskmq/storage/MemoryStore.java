package io.tuskmq.storage;

import io.tuskmq.storage.MemoryTables.SessionRow;
import io.tuskmq.storage.rules.LogId;
import io.vertx.core.Future;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/**
 * The twin of {@code PgStore} for tests and simulation: the whole port in maps, deterministic, without a thread or a clock of its own.
 * Several nodes share one database by {@link #another}.
 */
public final class MemoryStore implements Store {
    private final MemoryTables tables;
    private final MemoryRunner runner;
    private final Filters.Copy copy;
    private final MemoryFilters filters;

    /**
     * A store with an empty database.
     *
     * @param clockMillis the database's clock: milliseconds since 1970
     * @param runner when each operation is carried out and answered
     * @param copy the node's copy of the filter set
     */
    public MemoryStore(LongSupplier clockMillis, MemoryRunner runner, Filters.Copy copy) {
        this(new MemoryTables(clockMillis), runner, copy);
    }

    private MemoryStore(MemoryTables tables, MemoryRunner runner, Filters.Copy copy) {
        this.tables = tables;
        this.runner = runner;
        this.copy = copy;
        this.filters = new MemoryFilters(tables, runner, copy);
    }

    /** Another node's store on the same database. */
    public MemoryStore another(MemoryRunner itsRunner, Filters.Copy itsCopy) {
        return new MemoryStore(tables, itsRunner, itsCopy);
    }

    MemoryTables tables() {
        return tables;
    }

    MemoryRunner runner() {
        return runner;
    }

    Filters.Copy copy() {
        return copy;
    }

    @Override
    public Leases leases() {
        return new MemoryLeases(tables, runner);
    }

    @Override
    public Filters filters() {
        return filters;
    }

    @Override
    public Sessions sessions() {
        return new MemorySessions(tables, runner);
    }

    @Override
    public LogReader log() {
        return new MemoryLog(tables, runner);
    }

    @Override
    public Retained retained() {
        return new MemoryRetained(tables, runner);
    }

    @Override
    public Wills wills() {
        return new MemoryWills(tables, runner);
    }

    @Override
    public Access access() {
        return new MemoryAccess(tables, runner);
    }

    @Override
    public Survey survey() {
        return new MemorySurvey(tables, runner);
    }

    @Override
    public LaneWriter laneWriter(Leases.Lane lane, LaneListener listener) {
        return new MemoryLaneWriter(this, lane, listener);
    }

    /** Drops messages older than the retention; there are no partitions, so each filter's counts as one. */
    @Override
    public Future<Retention> maintainLog(long retentionMillis) {
        return runner.run("log.maintain", () -> {
            long belowId = LogId.first(tables.nowMillis() - retentionMillis, 0);
            int dropped = 0;
            long undelivered = 0;
            for (Map.Entry<Long, TreeMap<Long, Message>> rows : tables.log.entrySet()) {
                Map<Long, Message> old = rows.getValue().headMap(belowId);
                dropped += old.isEmpty() ? 0 : 1;
                for (long id : old.keySet()) {
                    undelivered += tables.sessions.values().stream()
                            .filter(session -> isUndelivered(session, rows.getKey(), id))
                            .count();
                }
                old.clear();
            }
            return new Retention(0, dropped, undelivered);
        });
    }

    /** There is no disk: what the messages count. */
    @Override
    public Future<Long> logBytes() {
        return runner.run(
                "log.bytes",
                () -> tables.log.values().stream()
                        .flatMap(rows -> rows.values().stream())
                        .mapToLong(Message::bytes)
                        .sum());
    }

    static boolean isUndelivered(SessionRow session, long filterId, long id) {
        boolean wanted = filterId == -session.sessionId
                || session.subscriptions.values().stream()
                        .anyMatch(s -> s.filterId() == filterId && !s.start().covers(id));
        return wanted && !session.cursor.covers(id);
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }
}
