package io.tuskmq.storage;

import io.tuskmq.storage.MemoryTables.WillRow;
import io.vertx.core.Future;
import java.util.Comparator;
import java.util.List;

/** Wills of a {@link MemoryStore}. */
final class MemoryWills implements Wills {
    private final MemoryTables tables;
    private final MemoryRunner runner;

    MemoryWills(MemoryTables tables, MemoryRunner runner) {
        this.tables = tables;
        this.runner = runner;
    }

    @Override
    public Future<List<DueWill>> due(int limit) {
        return runner.run("wills.due", () -> {
            long now = tables.nowMillis();
            return tables.wills.values().stream()
                    .filter(will -> will.dueAtMillis <= now)
                    .sorted(Comparator.comparingLong((WillRow will) -> will.dueAtMillis)
                            .thenComparingLong(will -> will.willId))
                    .limit(limit)
                    .map(MemoryWills::dueWill)
                    .toList();
        });
    }

    static DueWill dueWill(WillRow row) {
        Message will = row.will.message();
        Message due = new Message(
                will.topic(), will.payload(), will.qos(), will.retain(), will.properties(), 0, row.sessionId);
        return new DueWill(row.willId, row.clientId, due, row.will.messageExpirySeconds());
    }

    @Override
    public Future<Void> apply(long willId, Sessions.WillAction action) {
        return runner.<Object>run("wills.apply", () -> {
                    apply(tables, willId, action);
                    return action;
                })
                .mapEmpty();
    }

    static void apply(MemoryTables tables, long willId, Sessions.WillAction action) {
        WillRow will = tables.wills.get(willId);
        if (will == null) {
            return;
        }
        switch (action) {
            case Sessions.WillAction.Drop drop -> tables.wills.remove(willId);
            case Sessions.WillAction.Schedule schedule -> tables.schedule(will, schedule.delaySeconds());
            case Sessions.WillAction.Nothing nothing -> {}
        }
    }
}
