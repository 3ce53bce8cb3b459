package io.tuskmq.storage.rules;

/**
 * The id of a message in the log: 42 bits of milliseconds since 2020-01-01, 9 bits of lane, 12 bits of counter. Ids rise strictly
 * within a lane, whatever the clock does, and are roughly time-ordered across lanes.
 */
public final class LogId {
    public static final int LANE_MAX = (1 << 9) - 1;
    private static final int COUNTER_BITS = 12;
    private static final int LANE_BITS = 9;
    private static final int MILLIS_SHIFT = COUNTER_BITS + LANE_BITS;
    private static final long EPOCH_MILLIS = 1_577_836_800_000L;

    private LogId() {}

    /** The lowest id of a lane at a time (milliseconds since 1970); 0 for times before 2020. */
    public static long first(long epochMillis, int lane) {
        return Math.max(0, epochMillis - EPOCH_MILLIS) << MILLIS_SHIFT | (long) lane << COUNTER_BITS;
    }

    /** The next id of {@code lane} after {@code head}, as of the clock but never at or behind the head. */
    public static long next(long head, int lane, long epochMillis) {
        long byClock = first(epochMillis, lane);
        if (byClock > head) {
            return byClock;
        }
        long counter = head & ((1L << COUNTER_BITS) - 1);
        return counter + 1 < (1L << COUNTER_BITS) ? head + 1 : first(millisOf(head) + 1, lane);
    }

    /** The lane (1 to {@link #LANE_MAX}) that gave the id. */
    public static int laneOf(long id) {
        return (int) (id >>> COUNTER_BITS) & LANE_MAX;
    }

    /** Milliseconds since 1970 at which the id was given, by its lane's clock. */
    public static long millisOf(long id) {
        return (id >>> MILLIS_SHIFT) + EPOCH_MILLIS;
    }
}
