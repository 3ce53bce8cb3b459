package io.tuskmq.cluster.rules;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the bytes that wait for a peer. Full from the limit on, until less than half of it waits: so that a slow peer costs one gap and not one in
 * every second frame. May be used by all threads.
 */
public final class WaitingBytes {
    private final long bytesMax;
    private final AtomicLong waiting = new AtomicLong();
    private volatile boolean full;

    public WaitingBytes(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /** Takes the bytes in, or says no. What is taken in while less than the limit waits may be of any size. */
    public boolean offer(long bytes) {
        if (full) {
            return false;
        }
        if (waiting.addAndGet(bytes) - bytes < bytesMax) {
            return true;
        }
        waiting.addAndGet(-bytes);
        full = true;
        // All may have been taken just before: then nobody else would come and say that there is room.
        makeRoom(waiting.get());
        return false;
    }

    /** Takes the bytes in, limit or not. */
    public void add(long bytes) {
        waiting.addAndGet(bytes);
    }

    /** That much does not wait any more. */
    public void taken(long bytes) {
        makeRoom(waiting.addAndGet(-bytes));
    }

    private void makeRoom(long left) {
        if (full && left < bytesMax / 2) {
            full = false;
        }
    }

    public long bytes() {
        return waiting.get();
    }
}
