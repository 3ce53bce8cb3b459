package io.tuskmq.load.attack;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One thing that clients do to a broker, and what it is to answer.
 *
 * @param heapBytesMax by how much the node's live heap may be larger while it goes on
 */
public record Attack(String name, String expected, long heapBytesMax, Course course) {
    /** How it goes; holds its connections open when it returns, so that memory can be looked at. */
    @FunctionalInterface
    public interface Course {
        Outcome run(Field field) throws Exception;
    }

    /** What was counted, what of it is wrong, and what still stands. */
    public static final class Outcome implements Closeable {
        private final Map<String, Object> counts = new LinkedHashMap<>();
        private final List<String> faults = new ArrayList<>();
        private final List<Closeable> open = new ArrayList<>();

        Outcome count(String what, long number) {
            counts.put(what, number);
            return this;
        }

        /** Counts it, and finds fault with any other number. */
        Outcome expect(String what, long wanted, long number) {
            return expect(what, wanted, wanted, number);
        }

        Outcome expect(String what, long from, long to, long number) {
            counts.put(what, number);
            if (number < from || number > to) {
                faults.add(what + ": " + number + ", not " + from + (from == to ? "" : " to " + to));
            }
            return this;
        }

        Outcome holds(Iterable<? extends Closeable> some) {
            some.forEach(open::add);
            return this;
        }

        public Map<String, Object> counts() {
            return counts;
        }

        public List<String> faults() {
            return faults;
        }

        @Override
        public void close() throws IOException {
            for (Closeable one : open) {
                one.close();
            }
            open.clear();
        }
    }

    /** All of them, in the order in which they are run. */
    public static List<Attack> all() {
        List<Attack> all = new ArrayList<>(SlowAttacks.all());
        all.addAll(FloodAttacks.all());
        all.addAll(ShapeAttacks.all());
        return List.copyOf(all);
    }
}
