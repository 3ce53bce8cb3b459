package io.tuskmq.cluster.rules;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Counts what waits for a peer of that which its senders can hold back, and says when they should. They wait from the high mark on, until less than the
 * low mark waits; but not for a peer that takes next to nothing: then what is sent to it is refused until it has caught up. May be used by all
 * threads, {@link #tick} by one.
 */
public final class Pace {
    /**
     * @param highBytes from which on senders should wait
     * @param lowBytes below which they go on
     * @param bytesMax above which it is refused: senders that are told to wait may still have something under way
     * @param stallMillis a peer that takes less than {@code progressBytesMin} in that time stands still
     */
    public record Marks(long highBytes, long lowBytes, long bytesMax, long stallMillis, long progressBytesMin) {
        /** Senders wait at 2 MB until 1 MB; 8 MB at most; 2 s in which a peer takes less than 256 KB. */
        public static final Marks DEFAULT = new Marks(2 << 20, 1 << 20, 8 << 20, 2_000, 256 << 10);
    }

    private enum State {
        FLOWS,
        /** Senders should wait. */
        HOLDS,
        /** The peer stands still: nobody waits for it, nothing more is taken in. */
        STALLED
    }

    private final Marks marks;
    private final AtomicLong waiting = new AtomicLong();
    private final AtomicLong taken = new AtomicLong();
    private final ReentrantLock changing = new ReentrantLock();
    private volatile State state = State.FLOWS;
    private boolean looking;
    private long tickedAtMillis;
    private long lookedAtMillis;
    private long lookedAtTaken;

    public Pace(Marks marks) {
        this.marks = marks;
    }

    /** Takes the bytes in, or says no. What is taken in while less than the limit waits may be of any size. */
    public boolean offer(long bytes) {
        if (state == State.STALLED) {
            return false;
        }
        long before = waiting.getAndAdd(bytes);
        if (before >= marks.bytesMax()) {
            waiting.addAndGet(-bytes);
            return false;
        }
        if (before + bytes >= marks.highBytes() && state == State.FLOWS) {
            hold();
        }
        return true;
    }

    private void hold() {
        changing.lock();
        try {
            if (state == State.FLOWS) {
                state = State.HOLDS;
            }
        } finally {
            changing.unlock();
        }
        flowIfTaken(); // all may have been taken just before: then nobody would come and say that there is room
    }

    /** Whether senders should wait. */
    public boolean holds() {
        return state == State.HOLDS;
    }

    /** That much does not wait any more. Returns true when senders need not wait any longer. */
    public boolean taken(long bytes) {
        taken.addAndGet(bytes);
        waiting.addAndGet(-bytes);
        return flowIfTaken();
    }

    private boolean flowIfTaken() {
        if (state == State.FLOWS || waiting.get() >= marks.lowBytes()) {
            return false;
        }
        changing.lock();
        try {
            boolean held = state == State.HOLDS;
            state = State.FLOWS;
            return held;
        } finally {
            changing.unlock();
        }
    }

    /** Several times in the time of a stall. Returns true when senders have waited long enough. */
    public boolean tick(long nowMillis) {
        // Then this process stood still: it can't say what the peer would have taken.
        looking &= nowMillis - tickedAtMillis < marks.stallMillis();
        tickedAtMillis = nowMillis;
        if (state != State.HOLDS) {
            looking = false;
            return false;
        }
        boolean moves = taken.get() - lookedAtTaken >= marks.progressBytesMin();
        if (!looking || moves) {
            looking = true;
            lookedAtMillis = nowMillis;
            lookedAtTaken = taken.get();
            return false;
        }
        return nowMillis - lookedAtMillis >= marks.stallMillis() && stall();
    }

    private boolean stall() {
        changing.lock();
        try {
            boolean held = state == State.HOLDS;
            state = held ? State.STALLED : state;
            return held;
        } finally {
            changing.unlock();
        }
    }

    public long bytes() {
        return waiting.get();
    }
}
