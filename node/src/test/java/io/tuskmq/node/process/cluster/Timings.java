package io.tuskmq.node.process.cluster;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Durations of one kind, from any number of threads. */
final class Timings {
    private static final double NANOS_PER_MILLI = 1e6;

    private final ConcurrentLinkedQueue<Long> nanos = new ConcurrentLinkedQueue<>();

    void add(long duration) {
        nanos.add(duration);
    }

    /** Percentiles by nearest rank. */
    Map<String, Object> figures() {
        List<Long> sorted = nanos.stream().sorted().toList();
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("count", sorted.size());
        if (!sorted.isEmpty()) {
            figures.put("millis_min", sorted.getFirst() / NANOS_PER_MILLI);
            figures.put("millis_p50", percentile(sorted, 50));
            figures.put("millis_p99", percentile(sorted, 99));
            figures.put("millis_max", sorted.getLast() / NANOS_PER_MILLI);
        }
        return figures;
    }

    double percentile(int percent) {
        return percentile(nanos.stream().sorted().toList(), percent);
    }

    double millisMax() {
        return percentile(100);
    }

    private static double percentile(List<Long> sorted, int percent) {
        int rank = Math.max(1, Math.ceilDiv(sorted.size() * percent, 100));
        return sorted.get(rank - 1) / NANOS_PER_MILLI;
    }
}
