package io.tuskmq.cluster.rules;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The owner's side of the routes: makes batches of the changes of its own. What comes while a batch is being written is the next one,
 * so there is no timer, and a batch is as large as the writing is slow. Not thread-safe.
 *
 * <p>The set that {@link #digest} and {@link #flags} speak of is the one after the last batch that was {@linkplain #next taken}, not the one
 * with all changes. Snapshots are made of it, so that their entries belong to a sequence.
 */
public final class RouteJournal {
    /** A batch has no more changes than this. */
    public static final int CHANGES_MAX = 1_000;

    /** A batch takes no further change when it has this many characters. */
    public static final int CHARS_MAX = 32_768;

    /** When more batches than this wait, they are dropped: peers see the gap and take a snapshot. */
    public static final int BATCHES_MAX = 100;

    private final RouteHash hash;
    private final RouteTable table = new RouteTable();
    /** Oldest first; the last one still takes changes. One filter's changes in one batch are one. */
    private final Deque<Map<String, Integer>> waiting = new ArrayDeque<>();

    private int charsInLast;
    private long sequence;
    private long dropped;

    public RouteJournal(RouteHash hash) {
        this.hash = hash;
    }

    /** The filter has these flags from now on. */
    public void change(String filter, int flags) {
        Map<String, Integer> last = waiting.peekLast();
        if (last == null || charsInLast >= CHARS_MAX || (last.size() == CHANGES_MAX && !last.containsKey(filter))) {
            if (waiting.size() == BATCHES_MAX) {
                skip();
            }
            last = new LinkedHashMap<>();
            waiting.addLast(last);
            charsInLast = 0;
        }
        if (last.put(filter, flags) == null) {
            charsInLast += filter.length();
        }
    }

    /** Whether there is a batch to write. */
    public boolean isWaiting() {
        return !waiting.isEmpty();
    }

    /** The next batch; there must be one. */
    public RouteBatch next() {
        List<RouteChange> changes = take();
        return new RouteBatch(sequence, table.digest(), changes);
    }

    /** Drops the batches that wait; their changes count as made. Peers see that they are behind, and take a snapshot. */
    public void skip() {
        dropped += waiting.size();
        while (!waiting.isEmpty()) {
            take();
        }
    }

    /** The last batch that was taken. */
    public long sequence() {
        return sequence;
    }

    /** The digest of the set after {@link #sequence}. */
    public RouteDigest digest() {
        return table.digest();
    }

    /** The batch with the last change that was made: who has applied it has them all. */
    public long target() {
        return sequence + waiting.size();
    }

    /** The filter's flags after {@link #sequence}. */
    public int flags(String filter) {
        return table.flags(hash.of(filter));
    }

    /** How many batches were dropped because too many waited. */
    public long dropped() {
        return dropped;
    }

    private List<RouteChange> take() {
        Map<String, Integer> oldest = waiting.removeFirst();
        sequence++;
        List<RouteChange> changes = new ArrayList<>(oldest.size());
        oldest.forEach((filter, flags) -> {
            table.put(hash.of(filter), flags);
            // Also when nothing has changed: a snapshot may have been read while the filter was away.
            changes.add(new RouteChange(filter, flags));
        });
        return changes;
    }
}
