package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The promise that what is changed in the database counts within a second. Two rounds of a few have to keep it: a machine that has other
 * things to do is no broken promise, a node that looks seldom is.
 */
final class WithinASecond {
    private static final int ROUNDS_MAX = 5;
    private static final int KEPT = 2;
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
        long kept = 0;
        while (kept < KEPT && millis.size() < ROUNDS_MAX) {
            millis.add(round.millis());
            kept = millis.stream().filter(each -> each < PROMISED_MILLIS).count();
        }
        assertEquals(KEPT, kept, () -> "took " + millis + " ms");
    }
}
