package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The promise that what is changed in the database counts within a second. One round of a few has to keep it: a machine that has other
 * things to do is no broken promise, a node that looks seldom is.
 */
final class WithinASecond {
    private static final int ROUNDS_MAX = 3;
    private static final long PROMISED_MILLIS = 1_000;

    /** Changes something and waits until it counts. */
    interface Round {
        /** From the commit to the effect. */
        long millis() throws Exception;
    }

    private WithinASecond() {}

    static long millisSince(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }

    static void assertCounts(Round round) throws Exception {
        List<Long> millis = new ArrayList<>();
        do {
            millis.add(round.millis());
        } while (millis.getLast() >= PROMISED_MILLIS && millis.size() < ROUNDS_MAX);
        assertTrue(millis.getLast() < PROMISED_MILLIS, () -> "took " + millis + " ms");
    }
}
