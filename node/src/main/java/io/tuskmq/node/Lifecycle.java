package io.tuskmq.node;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What was started, in order, so that it can be stopped in the opposite order: after a failed start as well as after a signal. */
final class Lifecycle {
    private static final Logger log = LoggerFactory.getLogger(Lifecycle.class);

    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Runnable> stops = new ArrayDeque<>();
    private boolean stopping;

    /** A part was to be started after the stop had begun. */
    static final class StoppingException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** Starts a part. A stop that comes meanwhile waits for it and then stops it too. */
    <T> T start(Supplier<T> start, Consumer<T> stop) {
        lock.lock();
        try {
            if (stopping) {
                throw new StoppingException();
            }
            T part = start.get();
            stops.push(() -> stop.accept(part));
            return part;
        } finally {
            lock.unlock();
        }
    }

    /** Does the work when no part is being started; a stop that comes meanwhile waits for it. */
    void between(Runnable work) {
        lock.lock();
        try {
            if (stopping) {
                throw new StoppingException();
            }
            work.run();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Stops all that was started; later calls do nothing.
     *
     * @param patience how long to wait for a part that is just being started
     * @return whether everything was stopped without a fault
     */
    boolean stop(Duration patience) {
        try {
            if (!lock.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                log.error("stop: gave up waiting for a part that was being started");
                return false;
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
        try {
            stopping = true;
            boolean clean = true;
            while (!stops.isEmpty()) {
                clean &= stopOne(stops.pop());
            }
            return clean;
        } finally {
            lock.unlock();
        }
    }

    private static boolean stopOne(Runnable stop) {
        try {
            stop.run();
            return true;
        } catch (RuntimeException e) {
            // The parts below must be stopped all the same; the exit code tells that one was not.
            log.error("stop: {}", e.toString());
            return false;
        }
    }
}
