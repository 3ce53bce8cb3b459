package io.tuskmq.cluster.hazelcast;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs steps one after the other, in the order they came, on an executor's threads. */
final class Turns {
    private static final Logger LOG = LoggerFactory.getLogger(Turns.class);

    private final Executor executor;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private boolean running;

    Turns(Executor executor) {
        this.executor = executor;
    }

    void run(Runnable step) {
        lock.lock();
        try {
            waiting.addLast(step);
            if (running) {
                return;
            }
            running = true;
        } finally {
            lock.unlock();
        }
        executor.execute(this::next);
    }

    private void next() {
        try {
            taken().run();
        } catch (RuntimeException | AssertionError e) {
            LOG.error("event=cluster.step.failed", e); // a fault of ours; the peer's next digest shows what it spoilt
        }
        lock.lock();
        try {
            if (waiting.isEmpty()) {
                running = false;
                return;
            }
        } finally {
            lock.unlock();
        }
        executor.execute(this::next);
    }

    private Runnable taken() {
        lock.lock();
        try {
            return waiting.removeFirst();
        } finally {
            lock.unlock();
        }
    }
}
