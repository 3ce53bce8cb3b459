package io.tuskmq.node.process.cluster;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waiting for what other processes do: for a condition, with a deadline. */
public final class Await {
    private static final long LOOK_MILLIS = 10;
    private static final Semaphore NEVER = new Semaphore(0);

    private Await() {}

    /** Fails with the sentence when the condition does not come true in time. */
    public static void until(String what, Duration limit, BooleanSupplier condition) {
        until(what, limit, condition, () -> "");
    }

    /** @param state what to say besides when it fails */
    public static void until(String what, Duration limit, BooleanSupplier condition, Supplier<String> state) {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within " + limit.toMillis() + " ms: " + what + " " + state.get());
            }
            look();
        }
    }

    /** Watches that the condition is true all the time. */
    public static void always(String what, Duration time, BooleanSupplier condition) {
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < end) {
            if (!condition.getAsBoolean()) {
                throw new AssertionError("no longer: " + what);
            }
            look();
        }
    }

    private static void look() {
        try {
            NEVER.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
