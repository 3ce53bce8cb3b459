package io.tuskmq.cluster.rules;

/**
 * When a peer is dialled again, and when its address counts as deserted. One for each peer; not thread-safe.
 *
 * <p>A peer is dialled at once, then after 100, 200, 400 ms and so on, at last every second. So three refusals in a row, the sign of a dead process,
 * are there 300 ms after the first.
 */
public final class Redial {
    static final long FIRST_MILLIS = 100;
    static final long LAST_MILLIS = 1_000;
    /** That many refusals in a row make an address deserted. */
    static final int REFUSALS = 3;
    /** How often that is said again while it stays so. */
    static final long REPEAT_MILLIS = 1_000;

    /**
     * What follows from a failure.
     *
     * @param delayMillis until the next attempt
     * @param deserted to be told now: nobody listens there
     */
    public record Next(long delayMillis, boolean deserted) {}

    private long delayMillis;
    private int refusals;
    private boolean told;
    private long toldMillis;

    /** An attempt failed. */
    public Next failed(boolean refused, long nowMillis) {
        if (!refused) {
            refusals = 0;
            told = false;
            return new Next(longer(), false);
        }
        if (refusals == 0) {
            // Whatever came before: now it is worth a quick second and third look.
            delayMillis = 0;
        }
        refusals = Math.min(refusals + 1, REFUSALS);
        boolean deserted = refusals == REFUSALS && (!told || nowMillis - toldMillis >= REPEAT_MILLIS);
        if (deserted) {
            told = true;
            toldMillis = nowMillis;
        }
        return new Next(longer(), deserted);
    }

    /** A connection that had stood broke: how long to wait. One that did not stand for long doesn't count as success. */
    public long broke(long stoodMillis) {
        refusals = 0;
        told = false;
        if (stoodMillis >= LAST_MILLIS) {
            delayMillis = 0;
            return 0;
        }
        return longer();
    }

    private long longer() {
        delayMillis = delayMillis == 0 ? FIRST_MILLIS : Math.min(2 * delayMillis, LAST_MILLIS);
        return delayMillis;
    }
}
