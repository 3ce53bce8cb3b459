package io.tuskmq.node.auth;

import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps clients from waiting for a server that doesn't answer: after so many failures in a row nobody asks for a while; then one does, and its
 * answer decides for the others. From any thread.
 */
final class Circuit {
    private final int failuresMax;
    private final long openMillis;
    private final ReentrantLock lock = new ReentrantLock();
    private int failures;
    private long closedAgainAtMillis;

    Circuit(int failuresMax, long openMillis) {
        this.failuresMax = failuresMax;
        this.openMillis = openMillis;
    }

    boolean mayAsk(long nowMillis) {
        lock.lock();
        try {
            if (failures < failuresMax) {
                return true;
            }
            if (nowMillis < closedAgainAtMillis) {
                return false;
            }
            closedAgainAtMillis = nowMillis + openMillis; // this one tries; the others wait for its answer
            return true;
        } finally {
            lock.unlock();
        }
    }

    void answered() {
        lock.lock();
        try {
            failures = 0;
        } finally {
            lock.unlock();
        }
    }

    void failed(long nowMillis) {
        lock.lock();
        try {
            failures = Math.min(failures + 1, failuresMax);
            if (failures == failuresMax) {
                closedAgainAtMillis = nowMillis + openMillis;
            }
        } finally {
            lock.unlock();
        }
    }
}
