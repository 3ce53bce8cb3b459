package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** The log of a {@link MemoryStore}, read. */
final class MemoryLog implements LogReader {
    private static final TreeMap<Long, Message> NO_ROWS = new TreeMap<>();
    private final MemoryTables tables;
    private final MemoryRunner runner;

    MemoryLog(MemoryTables tables, MemoryRunner runner) {
        this.tables = tables;
        this.runner = runner;
    }

    @Override
    public Future<Page> read(List<Range> ranges, int limit) {
        List<Range> asked = List.copyOf(ranges);
        return runner.run("log.read", () -> page(asked, limit));
    }

    private Page page(List<Range> ranges, int limit) {
        record Row(List<Long> filterIds, Message message) {}
        TreeMap<Long, Row> rows = new TreeMap<>();
        long throughId = Long.MAX_VALUE;
        for (Range range : ranges) {
            int taken = 0;
            var after = tables.log.getOrDefault(range.filterId(), NO_ROWS).tailMap(range.afterId(), false);
            for (var row : after.entrySet()) {
                if (taken == limit) {
                    break;
                }
                taken++;
                rows.computeIfAbsent(row.getKey(), id -> new Row(new ArrayList<>(), row.getValue()))
                        .filterIds()
                        .add(range.filterId());
                if (taken == limit && after.lastKey() > row.getKey()) {
                    throughId = Math.min(throughId, row.getKey());
                }
            }
        }
        List<Logged> messages = new ArrayList<>();
        rows.headMap(throughId, true).forEach((id, row) -> {
            long[] filterIds = row.filterIds().stream()
                    .mapToLong(Long::longValue)
                    .sorted()
                    .distinct()
                    .toArray();
            messages.add(new Logged(id, filterIds, row.message()));
        });
        return new Page(messages, throughId, tables.heads(), tables.starts());
    }

    @Override
    public Future<Excess> excess(List<Waiting> waiting, int keep) {
        return runner.run("log.excess", () -> {
            TreeSet<Long> ids = new TreeSet<>(Comparator.reverseOrder());
            for (Waiting part : waiting) {
                tables.log.getOrDefault(part.filterId(), NO_ROWS).keySet().stream()
                        .filter(id -> !part.above().covers(id))
                        .forEach(ids::add);
            }
            LaneVector through = new LaneVector();
            long last = ids.stream().skip(keep).findFirst().orElse(0L);
            LaneVector heads = tables.heads();
            for (int lane = 1; last > 0 && lane <= heads.lanes(); lane++) {
                through.raise(lane, Math.min(last, heads.get(lane)));
            }
            return new Excess(through, Math.max(0, ids.size() - keep));
        });
    }

    @Override
    public Future<List<Optional<Message>>> fetch(List<Position> positions) {
        List<Position> asked = List.copyOf(positions);
        return runner.run(
                "log.fetch",
                () -> asked.stream()
                        .map(p -> Optional.ofNullable(
                                tables.log.getOrDefault(p.filterId(), NO_ROWS).get(p.id())))
                        .toList());
    }

    @Override
    public Future<List<Digest>> digests(List<Span> spans) {
        List<Span> asked = List.copyOf(spans);
        return runner.run("log.digests", () -> asked.stream().map(this::digest).toList());
    }

    private Digest digest(Span span) {
        if (span.throughId() <= span.afterId()) {
            return new Digest(span.filterId(), 0, 0);
        }
        var ids = tables.log
                .getOrDefault(span.filterId(), NO_ROWS)
                .tailMap(span.afterId(), false)
                .headMap(span.throughId(), true)
                .keySet();
        return new Digest(
                span.filterId(),
                ids.size(),
                ids.stream().mapToLong(Long::longValue).reduce(0, (a, b) -> a ^ b));
    }
}
