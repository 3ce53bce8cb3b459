package io.tuskmq.storage;

import io.tuskmq.storage.MemoryTables.SessionRow;
import io.tuskmq.storage.rules.LogId;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What the maps hold. The log is one part. */
final class MemorySurvey implements Survey {
    private final MemoryTables tables;
    private final MemoryRunner runner;

    MemorySurvey(MemoryTables tables, MemoryRunner runner) {
        this.tables = tables;
        this.runner = runner;
    }

    @Override
    public Future<Long> clockMicros() {
        return runner.run("survey.clock", () -> tables.nowMillis() * 1_000);
    }

    @Override
    public Future<List<LogPart>> log() {
        return runner.run("survey.log", () -> {
            long first = Long.MAX_VALUE;
            long bytes = 0;
            long rows = 0;
            for (TreeMap<Long, Message> messages : tables.log.values()) {
                first = messages.isEmpty() ? first : Math.min(first, messages.firstKey());
                rows += messages.size();
                bytes += messages.values().stream().mapToLong(Message::bytes).sum();
            }
            return rows == 0 ? List.of() : List.of(new LogPart(LogId.millisOf(first), bytes, rows));
        });
    }

    @Override
    public Future<Counts> counts() {
        return runner.run(
                "survey.counts",
                () -> new Counts(
                        tables.sessions.values().stream()
                                .filter(session -> session.owner == 0)
                                .count(),
                        tables.wills.values().stream()
                                .filter(will -> will.dueAtMillis != MemoryTables.NOT_DUE)
                                .count()));
    }

    @Override
    public Future<Optional<Backlog>> backlog() {
        return runner.run("survey.backlog", () -> {
            Map<Long, Long> waiting = new HashMap<>();
            long oldest = Long.MAX_VALUE;
            for (Map.Entry<Long, TreeMap<Long, Message>> messages : tables.log.entrySet()) {
                for (Map.Entry<Long, Message> message : messages.getValue().entrySet()) {
                    for (SessionRow session : tables.sessions.values()) {
                        if (MemoryStore.isUndelivered(session, messages.getKey(), message.getKey())
                                && !isExpired(message.getValue())) {
                            waiting.merge(session.sessionId, 1L, Long::sum);
                            oldest = Math.min(oldest, message.getKey());
                        }
                    }
                }
            }
            long most =
                    waiting.values().stream().mapToLong(Long::longValue).max().orElse(0);
            return most == 0 ? Optional.empty() : Optional.of(new Backlog(LogId.millisOf(oldest), most));
        });
    }

    private boolean isExpired(Message message) {
        return message.expiresAtMillis() != 0 && message.expiresAtMillis() <= tables.nowMillis();
    }
}
