package io.tuskmq.cluster.testing;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The network between some nodes of one process, with its faults. All callbacks of all its links are made one after the other on its loop; a
 * test must not block them. Faults may be made from any thread and take effect on the loop.
 */
public final class MemoryNetwork implements AutoCloseable {
    private static final int FIRST_PORT = 20_000;

    /** Runs one thing after the other, and never inside the call: a thread of its own, or a simulation's clock. */
    public interface Loop {
        void run(Runnable step);

        void after(long millis, Runnable step);

        long nowMillis();

        void close();
    }

    /** A direction: bytes that one node sends to another one, on whichever connection. */
    private record Way(MemoryLinks from, MemoryLinks to) {}

    private final Loop loop;
    private final AtomicInteger ports = new AtomicInteger(FIRST_PORT);
    /** By port; the dead too. */
    private final Map<Integer, MemoryLinks> nodes = new ConcurrentHashMap<>();

    private final Set<MemoryLinks> refusing = new HashSet<>();
    private final Set<Way> cut = new HashSet<>();
    private final Set<Way> paused = new HashSet<>();
    private final Map<Way, Long> slow = new ConcurrentHashMap<>();

    public MemoryNetwork() {
        this(new ThreadLoop());
    }

    public MemoryNetwork(Loop loop) {
        this.loop = loop;
    }

    /** A further node. */
    public MemoryLinks node() {
        return new MemoryLinks(this);
    }

    /** Nothing passes between the two: their connections break, new ones fail (without being refused) until {@link #heal}. */
    public void cut(MemoryLinks a, MemoryLinks b) {
        loop.run(() -> {
            cut.add(new Way(a, b));
            cut.add(new Way(b, a));
            breakNow(a, b);
        });
    }

    public void heal(MemoryLinks a, MemoryLinks b) {
        loop.run(() -> {
            cut.remove(new Way(a, b));
            cut.remove(new Way(b, a));
        });
    }

    /** The connections between the two break once; new ones are made at once. */
    public void breakLinks(MemoryLinks a, MemoryLinks b) {
        loop.run(() -> breakNow(a, b));
    }

    /** Nobody listens there any more, as if the process were dead: its connections break, new ones to it are refused until {@link #accept}. */
    public void refuse(MemoryLinks node) {
        loop.run(() -> {
            refusing.add(node);
            nodes.values().forEach(other -> breakNow(node, other));
        });
    }

    /** It listens again. */
    public void accept(MemoryLinks node) {
        loop.run(() -> refusing.remove(node));
    }

    /** What {@code from} sends waits until {@link #resume}. The links stay up: no time makes them silent. */
    public void pause(MemoryLinks from, MemoryLinks to) {
        loop.run(() -> paused.add(new Way(from, to)));
    }

    public void resume(MemoryLinks from, MemoryLinks to) {
        loop.run(() -> {
            paused.remove(new Way(from, to));
            from.deliverTo(to);
            to.deliverTo(from);
        });
    }

    /** Each frame takes that long; 0 = no time. */
    public void slow(MemoryLinks from, MemoryLinks to, long millisPerFrame) {
        loop.run(() -> slow.put(new Way(from, to), millisPerFrame));
    }

    @Override
    public void close() {
        loop.close();
    }

    Loop loop() {
        return loop;
    }

    int listen(MemoryLinks node) {
        int port = ports.getAndIncrement();
        nodes.put(port, node);
        return port;
    }

    @Nullable
    MemoryLinks nodeAt(int port) {
        return nodes.get(port);
    }

    boolean isRefusing(MemoryLinks node) {
        return refusing.contains(node);
    }

    boolean isCut(MemoryLinks from, MemoryLinks to) {
        return cut.contains(new Way(from, to));
    }

    boolean isPaused(MemoryLinks from, MemoryLinks to) {
        return paused.contains(new Way(from, to));
    }

    long slowMillis(MemoryLinks from, MemoryLinks to) {
        return slow.getOrDefault(new Way(from, to), 0L);
    }

    private static void breakNow(MemoryLinks a, MemoryLinks b) {
        a.breakTo(b);
        b.breakTo(a);
    }

    /** A daemon thread. */
    private static final class ThreadLoop implements Loop {
        private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("memory-network").factory());

        ThreadLoop() {
            executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        }

        @Override
        public void run(Runnable step) {
            if (!executor.isShutdown()) {
                executor.execute(step);
            }
        }

        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // a step reports its own faults
        public void after(long millis, Runnable step) {
            if (!executor.isShutdown()) {
                executor.schedule(step, millis, TimeUnit.MILLISECONDS);
            }
        }

        @Override
        public long nowMillis() {
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
        }

        @Override
        public void close() {
            executor.shutdownNow();
        }
    }
}
