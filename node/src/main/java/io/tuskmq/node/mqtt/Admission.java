package io.tuskmq.node.mqtt;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Which network connections are let in, before a byte of theirs is read: not more than the node and one address may have, and not faster
 * than the node can greet them. Those of a rush wait for their turn, for they would only come again. May be called from any thread.
 */
final class Admission {
    /** Why a connection is closed at once. */
    enum Refusal {
        NODE_FULL,
        ADDRESS_FULL,
        RATE,
        STOPPING
    }

    /** What becomes of a connection. */
    sealed interface Answer {
        /** Its first byte is read after so long. */
        record LetIn(long afterNanos) implements Answer {}

        record Refuse(Refusal why) implements Answer {}
    }

    private final MqttOptions.Arrivals limits;
    private final long waitNanosMax;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Integer> byAddress = new HashMap<>();
    private @Nullable RateLimit rate;
    private int open;

    /** @param connectMillisMax a connection waits for its turn for at most the half of the time that it has for its CONNECT */
    Admission(MqttOptions.Arrivals limits, int connectMillisMax) {
        this.limits = limits;
        this.waitNanosMax = TimeUnit.MILLISECONDS.toNanos(connectMillisMax) / 2;
    }

    /** Those that are let in must {@link #leave}. */
    Answer admit(String address, long nowNanos) {
        lock.lock();
        try {
            if (open >= limits.connectionsMax()) {
                return new Answer.Refuse(Refusal.NODE_FULL);
            }
            boolean counted = limits.perAddressMax() > 0;
            int here = counted ? byAddress.getOrDefault(address, 0) : 0;
            if (counted && here >= limits.perAddressMax()) {
                return new Answer.Refuse(Refusal.ADDRESS_FULL);
            }
            long wait = turn(nowNanos);
            if (wait > waitNanosMax) {
                return new Answer.Refuse(Refusal.RATE);
            }
            open++;
            if (counted) {
                byAddress.put(address, here + 1);
            }
            return new Answer.LetIn(wait);
        } finally {
            lock.unlock();
        }
    }

    /** Takes a place in the queue, unless it is too far behind. */
    private long turn(long nowNanos) {
        if (limits.perSecondMax() == 0) {
            return 0;
        }
        RateLimit limit = rate;
        if (limit == null) {
            limit = new RateLimit(limits.perSecondMax(), nowNanos);
            rate = limit;
        }
        long wait = limit.waitNanos(nowNanos);
        if (wait <= waitNanosMax) {
            limit.take(1, nowNanos);
        }
        return wait;
    }

    /** A connection that was let in has closed. */
    void leave(String address) {
        lock.lock();
        try {
            open--;
            byAddress.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
        } finally {
            lock.unlock();
        }
    }
}
