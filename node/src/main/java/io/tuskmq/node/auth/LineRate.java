package io.tuskmq.node.auth;

import java.util.concurrent.locks.ReentrantLock;

/** Lets so many through in each second of the given clock, and counts the rest. From any thread. */
final class LineRate {
    private final int perSecondMax;
    private final ReentrantLock lock = new ReentrantLock();
    private long second = Long.MIN_VALUE;
    private int passed;
    private long leftOut;

    LineRate(int perSecondMax) {
        this.perSecondMax = perSecondMax;
    }

    /** @param leftOut how many were not let through since the last one that was */
    record Turn(boolean allowed, long leftOut) {}

    Turn turn(long nowMillis) {
        lock.lock();
        try {
            long now = nowMillis / 1_000;
            if (now != second) {
                second = now;
                passed = 0;
            }
            if (passed >= perSecondMax) {
                leftOut++;
                return new Turn(false, 0);
            }
            passed++;
            long told = leftOut;
            leftOut = 0;
            return new Turn(true, told);
        } finally {
            lock.unlock();
        }
    }
}
