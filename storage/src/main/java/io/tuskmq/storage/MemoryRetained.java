package io.tuskmq.storage;

import io.tuskmq.storage.rules.RetainedSearch;
import io.tuskmq.storage.rules.RetainedTags;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Retained messages of a {@link MemoryStore}. */
final class MemoryRetained implements Retained {
    private final MemoryTables tables;
    private final MemoryRunner runner;

    MemoryRetained(MemoryTables tables, MemoryRunner runner) {
        this.tables = tables;
        this.runner = runner;
    }

    @Override
    public Future<Page> find(String topicFilter, String afterTopic, int limit) {
        return runner.run("retained.find", () -> page(RetainedSearch.of(topicFilter), afterTopic, limit));
    }

    private Page page(RetainedSearch search, String afterTopic, int limit) {
        List<Message> messages = new ArrayList<>();
        long now = tables.nowMillis();
        for (Map.Entry<String, Message> row :
                tables.retained.tailMap(afterTopic, false).entrySet()) {
            if (selects(search, row.getKey()) && !row.getValue().isExpired(now)) {
                if (messages.size() == limit) {
                    return new Page(messages, messages.getLast().topic());
                }
                messages.add(row.getValue());
            }
        }
        return new Page(messages, null);
    }

    private static boolean selects(RetainedSearch search, String topic) {
        return switch (search) {
            case RetainedSearch.Exact exact -> topic.equals(exact.topic());
            case RetainedSearch.Range range ->
                (topic.equals(range.parent()) || topic.startsWith(range.from()))
                        && !(range.withoutDollar() && topic.startsWith("$"))
                        && Arrays.asList(RetainedTags.of(topic)).containsAll(Arrays.asList(range.tags()));
        };
    }

    @Override
    public Future<Integer> deleteExpired(int limit) {
        return runner.run("retained.deleteExpired", () -> {
            long now = tables.nowMillis();
            List<String> expired = tables.retained.entrySet().stream()
                    .filter(row -> row.getValue().isExpired(now))
                    .limit(limit)
                    .map(Map.Entry::getKey)
                    .toList();
            expired.forEach(topic -> {
                tables.retained.remove(topic);
                tables.retainedOrder.removed(topic);
            });
            return expired.size();
        });
    }

    @Override
    public Future<Long> count() {
        return runner.run("retained.count", () -> (long) tables.retained.size());
    }

    @Override
    public Future<Usage> usage() {
        return runner.run(
                "retained.usage",
                () -> new Usage(
                        tables.retained.size(),
                        tables.retained.values().stream()
                                .mapToLong(MemoryRetained::bytes)
                                .sum()));
    }

    private static long bytes(Message message) {
        return (long) message.topic().getBytes(StandardCharsets.UTF_8).length
                + message.payload().length
                + message.properties().length;
    }
}
