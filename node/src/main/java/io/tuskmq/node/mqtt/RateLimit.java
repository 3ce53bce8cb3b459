package io.tuskmq.node.mqtt;

import java.util.concurrent.TimeUnit;

/**
 * A steady rate, of which a second's worth may come at once: the generic cell rate algorithm (ITU-T I.371). One thread at a time. Times are
 * nanoseconds of {@link System#nanoTime()}.
 */
final class RateLimit {
    private static final long BURST_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final double nanosEach;
    /** When all that was taken has been worked off at the steady rate. */
    private long paidAtNanos;

    /** @param perSecond above 0 */
    RateLimit(long perSecond, long nowNanos) {
        this.nanosEach = (double) TimeUnit.SECONDS.toNanos(1) / perSecond;
        this.paidAtNanos = nowNanos;
    }

    /** How long the next unit would have to wait. */
    long waitNanos(long nowNanos) {
        return Math.max(0, paidAtNanos - nowNanos - BURST_NANOS);
    }

    /** Takes so many, which may be more than are there. */
    void take(long units, long nowNanos) {
        long from = paidAtNanos - nowNanos > 0 ? paidAtNanos : nowNanos;
        paidAtNanos = from + (long) (units * nanosEach);
    }
}
