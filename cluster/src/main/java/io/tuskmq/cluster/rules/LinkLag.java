package io.tuskmq.cluster.rules;

/**
 * How long what is told to a peer waits until the socket has taken it: of one moment's last byte at a time, which costs nothing for each
 * frame. One thread, but for {@link #millis}.
 */
public final class LinkLag {
    private static final long NO_MARK = -1;

    private long taken;
    private long mark = NO_MARK;
    private long markedAtMillis;
    private volatile long millis;

    /** Now and then. */
    public void tick(long waitingBytes, long nowMillis) {
        if (mark != NO_MARK) {
            millis = Math.max(millis, nowMillis - markedAtMillis);
        } else if (waitingBytes > 0) {
            mark = taken + waitingBytes;
            markedAtMillis = nowMillis;
        } else {
            millis = 0;
        }
    }

    public void taken(long bytes, long nowMillis) {
        taken += bytes;
        if (mark != NO_MARK && taken >= mark) {
            mark = NO_MARK;
            millis = nowMillis - markedAtMillis;
        }
    }

    /** Of the last mark that was passed, or of the one that still waits if that is longer; from any thread. */
    public long millis() {
        return millis;
    }
}
