package io.tuskmq.load.scenario;

/**
 * How one publisher sends.
 *
 * @param intervalNanos between two messages; 0: a closed loop, the next one as soon as the window has room
 * @param window of a closed loop: unacknowledged messages, with QoS 0 undelivered ones
 * @param messagesMax after which it is done
 */
record Pace(long intervalNanos, int window, long messagesMax) {
    static Pace each(long intervalNanos, int window) {
        return new Pace(Math.max(1, intervalNanos), window, Long.MAX_VALUE);
    }

    static Pace closedLoop(int window) {
        return new Pace(0, window, Long.MAX_VALUE);
    }

    Pace upTo(long messagesMax) {
        return new Pace(intervalNanos, window, messagesMax);
    }

    boolean isClosedLoop() {
        return intervalNanos == 0;
    }
}
