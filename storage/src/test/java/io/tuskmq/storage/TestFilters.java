package io.tuskmq.storage;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A node's copy of the filter set in which a filter matches the topic that is equal to it, and one that begins with {@code #} matches all. */
final class TestFilters implements Filters.Copy {
    private final Map<Long, String> filters = new ConcurrentHashMap<>();
    private volatile long version;

    @Override
    public long version() {
        return version;
    }

    @Override
    public void apply(Filters.Changes changes) {
        changes.added().forEach(f -> filters.put(f.filterId(), f.filter()));
        changes.removed().forEach(f -> filters.remove(f.filterId()));
        version = changes.version();
    }

    long[] match(String topic) {
        return filters.entrySet().stream()
                .filter(f -> f.getValue().equals(topic) || f.getValue().startsWith("#"))
                .mapToLong(Map.Entry::getKey)
                .sorted()
                .toArray();
    }
}
