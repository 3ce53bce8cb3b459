package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneVector;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which ids retained messages and their copies have: on one topic they rise, in the order of their commits. Part of {@link MemoryTables}. */
final class MemoryRetainedOrder {
    /** The id that the message came with, and the highest of its copies. */
    private record Ids(long message, long copied) {}

    private final Map<String, Ids> ids = new HashMap<>();

    void replaced(String topic, long id) {
        ids.merge(topic, new Ids(id, 0), (old, added) -> new Ids(id, old.copied()));
    }

    void removed(String topic) {
        ids.remove(topic);
    }

    void copied(String topic, long id) {
        ids.computeIfPresent(topic, (t, old) -> new Ids(old.message(), Math.max(old.copied(), id)));
    }

    /** Whether the retained message was appended after these heads were read. */
    boolean isAbove(LaneVector heads, String topic) {
        Ids of = ids.get(topic);
        return of != null && !heads.covers(of.message());
    }

    /** The highest id that these appends would have to be above, and are not; 0 when they may go in. */
    long floor(List<Append> appends) {
        long floor = 0;
        for (Append append : appends) {
            Ids of = append.changesRetained() ? ids.get(append.message().topic()) : null;
            long above = of == null ? 0 : Math.max(of.message(), of.copied());
            if (above >= append.id()) {
                floor = Math.max(floor, above);
            }
        }
        return floor;
    }
}
