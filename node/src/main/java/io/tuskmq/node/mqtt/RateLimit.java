package io.tuskmq.node.mqtt;

import java.util.concurrent.TimeUnit;

/**
 * A steady rate, of which a period's worth (mostly a second's) may come at once: the generic cell rate algorithm (ITU-T I.371). One thread at a time. Times are
 * nanoseconds of {@link System#nanoTime()}.
 */
final class RateLimit {
    private final long burstNanos;
    private final double nanosEach;
    /** When all that was taken has been worked off at the steady rate. */
    private long paidAtNanos;

    /** @param perSecond above 0 */
    RateLimit(long perSecond, long nowNanos) {
        this(TimeUnit.SECONDS, perSecond, nowNanos);
    }

    /** @param units in one of the period, above 0 */
    RateLimit(TimeUnit period, long units, long nowNanos) {
        this.burstNanos = period.toNanos(1);
        this.nanosEach = (double) burstNanos / units;
        this.paidAtNanos = nowNanos;
    }

    /** How long the next unit would have to wait. */
    long waitNanos(long nowNanos) {
        return Math.max(0, paidAtNanos - nowNanos - burstNanos);
    }

    /** Takes so many, which may be more than are there. */
    void take(long units, long nowNanos) {
        long from = paidAtNanos - nowNanos > 0 ? paidAtNanos : nowNanos;
        paidAtNanos = from + (long) (units * nanosEach);
    }
}
