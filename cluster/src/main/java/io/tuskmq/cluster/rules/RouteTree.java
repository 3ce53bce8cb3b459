package io.tuskmq.cluster.rules;

import static io.tuskmq.cluster.rules.TopicFilter.levelEnd;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Topic filters and what belongs to each, found by topic name: a tree with one node per level of a filter.
 *
 * <h2>Readers and writers</h2>
 *
 * {@link #match} and {@link #get} may run on any number of threads and never wait: they follow fields that are volatile. Writers
 * take turns under a lock that readers do not know. A change of one filter is one volatile write (a value set or cleared); the
 * nodes on its way are linked before it, and nodes that became empty are unlinked after it. Because there is one writer at a
 * time, nothing can be hung below a node that is being unlinked; a reader that stands on such a node finds it empty, which is
 * the truth. So a match that begins after a change returned sees it, and one that overlaps a change sees it wholly or not at
 * all. Several changes are not atomic together: who needs that reads a version before matching (see {@code Filters.Copy}).
 *
 * <p>Copying the path at each change was the other way; it makes one change at a level with a million children cost a million
 * references. Values are immutable or their owner's matter: the tree only passes them on.
 *
 * <h2>Limits</h2>
 *
 * The recursion is as deep as the deepest filter, and filters have at most {@link TopicName#LEVELS_MAX} levels; what a topic has
 * beyond that isn't even read. A match visits each node at most once.
 */
public final class RouteTree<R> {
    /** What becomes of a filter's value: both sides are null where there is none. */
    public interface Change<R> {
        @Nullable
        R apply(@Nullable R before);
    }

    private final ReentrantLock writing = new ReentrantLock();
    private final RouteNode<R> root = new RouteNode<>("");
    private final AtomicInteger size = new AtomicInteger();

    /** Sets the filter's value and returns the one before. The filter must be well-formed. */
    public @Nullable R put(String filter, R value) {
        return change(filter, before -> value).before();
    }

    /** Removes the filter and returns its value. */
    public @Nullable R remove(String filter) {
        return change(filter, before -> null).before();
    }

    /** Sets the filter's value to what the change makes of it (called once, by this thread), null removes it. Returns the new value. */
    public @Nullable R compute(String filter, Change<R> change) {
        return change(filter, change).after();
    }

    /** How many filters have a value. */
    public int size() {
        return size.get();
    }

    /** The value of exactly this filter. */
    public @Nullable R get(String filter) {
        RouteNode<R> node = root;
        int from = 0;
        while (from <= filter.length()) {
            int end = levelEnd(filter, from);
            if (end == from + 1 && filter.charAt(from) == '#') {
                return node.rest;
            }
            RouteNode<R> next =
                    end == from + 1 && filter.charAt(from) == '+' ? node.plus : node.child(filter, from, end);
            if (next == null) {
                return null;
            }
            node = next;
            from = end + 1;
        }
        return node.value;
    }

    /** Calls the consumer with the value of each filter that matches the (well-formed) topic name, in no order. */
    public void match(String topic, Consumer<? super R> found) {
        // [MQTT-4.7.2-1] [MQTT5-4.7.2-1] wildcards of the first level don't reach topics that begin with $.
        if (TopicFilter.hidden(topic)) {
            int end = levelEnd(topic, 0);
            RouteNode<R> child = root.child(topic, 0, end);
            if (child != null) {
                match(child, topic, end + 1, found);
            }
        } else {
            match(root, topic, 0, found);
        }
    }

    /** Calls the consumer with each filter and its value, in no order; changes at the same time may be seen or not. */
    public void forEach(BiConsumer<String, ? super R> each) {
        forEach(root, "", each);
    }

    private static <R> void match(RouteNode<R> node, String topic, int from, Consumer<? super R> found) {
        R rest = node.rest; // also at the end of the topic: "a/#" matches "a"
        if (rest != null) {
            found.accept(rest);
        }
        if (from > topic.length()) {
            R value = node.value;
            if (value != null) {
                found.accept(value);
            }
            return;
        }
        int end = levelEnd(topic, from);
        RouteNode<R> plus = node.plus;
        if (plus != null) {
            match(plus, topic, end + 1, found);
        }
        RouteNode<R> child = node.child(topic, from, end);
        if (child != null) {
            match(child, topic, end + 1, found);
        }
    }

    private static <R> void forEach(RouteNode<R> node, String prefix, BiConsumer<String, ? super R> each) {
        R value = node.value;
        if (value != null) {
            each.accept(prefix.substring(0, prefix.length() - 1), value);
        }
        R rest = node.rest;
        if (rest != null) {
            each.accept(prefix + "#", rest);
        }
        RouteNode<R> plus = node.plus;
        if (plus != null) {
            forEach(plus, prefix + "+/", each);
        }
        node.forEachChild(child -> forEach(child, prefix + child.level + "/", each));
    }

    private record Changed<R>(@Nullable R before, @Nullable R after) {}

    private Changed<R> change(String filter, Change<R> change) {
        String problem = TopicFilter.problem(filter);
        if (problem != null) {
            throw new IllegalArgumentException(problem);
        }
        writing.lock();
        try {
            R before = get(filter);
            R after = change.apply(before);
            if (after != null) {
                set(filter, after);
            } else if (before != null) {
                clear(filter);
            }
            size.addAndGet((after == null ? 0 : 1) - (before == null ? 0 : 1));
            return new Changed<>(before, after);
        } finally {
            writing.unlock();
        }
    }

    private void set(String filter, R value) {
        RouteNode<R> node = root;
        int from = 0;
        while (from <= filter.length()) {
            int end = levelEnd(filter, from);
            String level = filter.substring(from, end);
            if (level.equals("#")) {
                node.rest = value;
                return;
            }
            node = node.childOrNew(level);
            from = end + 1;
        }
        node.value = value;
    }

    /** Clears a value that is there, and unlinks the nodes that are empty without it, from below. */
    private void clear(String filter) {
        Deque<RouteNode<R>> above = new ArrayDeque<>();
        RouteNode<R> node = root;
        boolean rest = false;
        int from = 0;
        while (from <= filter.length()) {
            int end = levelEnd(filter, from);
            String level = filter.substring(from, end);
            rest = level.equals("#");
            if (!rest) {
                above.push(node);
                node = node.childOrNew(level);
            }
            from = end + 1;
        }
        if (rest) {
            node.rest = null;
        } else {
            node.value = null;
        }
        while (node.empty() && !above.isEmpty()) {
            RouteNode<R> parent = above.pop();
            parent.unlink(node);
            node = parent;
        }
    }

    /** How many nodes there are besides the root: for tests, which prove that removals leave none behind. */
    int nodes() {
        return root.nodesBelow();
    }
}
