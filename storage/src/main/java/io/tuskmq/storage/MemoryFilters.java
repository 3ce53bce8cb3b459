package io.tuskmq.storage;

import io.tuskmq.storage.MemoryTables.FilterRow;
import io.tuskmq.storage.MemoryTables.RemovedFilter;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The set of persistent filters of a {@link MemoryStore}, told to the node's copy. */
final class MemoryFilters implements Filters {
    private final MemoryTables tables;
    private final MemoryRunner runner;
    private final Copy copy;

    MemoryFilters(MemoryTables tables, MemoryRunner runner, Copy copy) {
        this.tables = tables;
        this.runner = runner;
        this.copy = copy;
    }

    @Override
    public Future<Long> catchUp() {
        return runner.run("filters.catchUp", () -> changesSince(copy.version())).map(changes -> {
            // Answers may overtake each other in a simulation; an older one has nothing new.
            if (changes.version() > copy.version()) {
                copy.apply(changes);
            }
            return copy.version();
        });
    }

    private Changes changesSince(long version) {
        List<Filter> added = tables.filters.values().stream()
                .filter(row -> row.addedVersion() > version)
                .map(row -> new Filter(row.filterId(), row.filter()))
                .toList();
        List<Filter> removed = tables.removedFilters.stream()
                .filter(gone -> gone.removedVersion() > version && gone.row().addedVersion() <= version)
                .map(gone -> new Filter(gone.row().filterId(), gone.row().filter()))
                .toList();
        return new Changes(tables.filterVersion, added, removed);
    }

    @Override
    public Future<Integer> removeUnused(int limit) {
        return runner.run("filters.removeUnused", () -> {
            Set<Long> used = tables.sessions.values().stream()
                    .flatMap(session -> session.subscriptions.values().stream())
                    .map(Sessions.StoredSubscription::filterId)
                    .collect(Collectors.toSet());
            List<FilterRow> unused = new ArrayList<>(tables.filters.values());
            unused.removeIf(row -> used.contains(row.filterId()));
            List<FilterRow> gone = unused.subList(0, Math.min(limit, unused.size()));
            if (!gone.isEmpty()) {
                tables.filterVersion++;
            }
            for (FilterRow row : gone) {
                tables.filters.remove(row.filter());
                tables.removedFilters.add(new RemovedFilter(row, tables.filterVersion));
            }
            return gone.size();
        });
    }
}
