package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Readers run against writers that make, move and unlink the nodes the readers stand on. */
class RouteTreeConcurrencyTest {
    private static final int WRITERS = 3;
    private static final int CHANGES = 30_000;

    /** A filter that stays must be found by every match, whatever is linked and unlinked around it; a removed one never after. */
    @Test
    void readersNeverMissWhatStaysAndNeverFindWhatIsGone() throws Exception {
        RouteTree<String> tree = new RouteTree<>();
        List<String> staying = List.of("a/b/c", "a/+/c", "a/#", "+/b/c", "a/b/c/#");
        staying.forEach(filter -> tree.put(filter, "stays " + filter));
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            List<Future<Void>> writers = new ArrayList<>();
            for (int w = 0; w < WRITERS; w++) {
                writers.add(threads.submit(writer(tree, w)));
            }
            List<Future<Long>> readers = new ArrayList<>();
            for (int r = 0; r < 2; r++) {
                readers.add(threads.submit(() -> {
                    long matches = 0;
                    do {
                        List<String> found = new ArrayList<>();
                        tree.match("a/b/c", found::add);
                        for (String filter : staying) {
                            assertTrue(found.contains("stays " + filter), () -> filter + " not in " + found);
                        }
                        matches++;
                    } while (!done.get());
                    return matches;
                }));
            }
            try {
                for (Future<Void> writer : writers) {
                    writer.get();
                }
            } finally {
                done.set(true); // also when a writer failed: the readers must end
            }
            for (Future<Long> reader : readers) {
                assertTrue(reader.get() > 0);
            }
        }
        assertEquals(staying.size(), tree.size());
        staying.forEach(tree::remove);
        assertEquals(0, tree.nodes());
    }

    /** Adds and removes its own filters, siblings, parents and children of those that stay, and checks each at once. */
    private static Callable<Void> writer(RouteTree<String> tree, int number) {
        String[] shapes = {"a/b/x%d", "a/x%d", "x%d/b/c", "a/b/c/x%d", "x%d/#", "a/+/x%d", "a/b/x%d/+/y", "x%d"};
        return () -> {
            Random random = new Random(number);
            for (int i = 0; i < CHANGES; i++) {
                String filter = shapes[random.nextInt(shapes.length)].formatted(number * 10 + random.nextInt(10));
                String topic = filter.replace("/#", "").replace('+', 'b');
                tree.put(filter, filter);
                List<String> found = new ArrayList<>();
                tree.match(topic, found::add);
                assertTrue(found.contains(filter), () -> filter + " was put and not found");
                assertEquals(filter, tree.remove(filter));
                found.clear();
                tree.match(topic, found::add);
                assertTrue(!found.contains(filter), () -> filter + " was removed and found");
            }
            return null;
        };
    }

    /** What a version says that was read before the match must be in the match: the protocol of the persistent filters. */
    @Test
    void matchSeesAllThatWasPutBeforeTheVersionItRead() throws Exception {
        RouteTree<Long> tree = new RouteTree<>();
        AtomicLong version = new AtomicLong();
        long last = 20_000;
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            Future<Void> reader = threads.submit(() -> {
                long read;
                do {
                    read = version.get();
                    if (read > 0) {
                        List<Long> found = new ArrayList<>();
                        tree.match("v/" + read, found::add);
                        assertEquals(List.of(read), found);
                        assertNotNull(tree.get("v/" + read));
                    }
                } while (read < last);
                return null;
            });
            for (long v = 1; v <= last; v++) {
                tree.put("v/" + v, v);
                version.set(v);
            }
            reader.get(); // the reader ends by itself: at the last version, or by failing
        }
    }

    /** Changes of one value by several writers are not lost. */
    @Test
    void computesOneAfterTheOther() throws Exception {
        RouteTree<Integer> tree = new RouteTree<>();
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            List<Future<?>> writers = new ArrayList<>();
            for (int w = 0; w < WRITERS; w++) {
                writers.add(threads.submit(() -> {
                    for (int i = 0; i < 10_000; i++) {
                        tree.compute("a/b", before -> before == null ? 1 : before + 1);
                    }
                }));
            }
            for (Future<?> writer : writers) {
                writer.get();
            }
        }
        assertEquals(WRITERS * 10_000, tree.get("a/b"));
    }
}
