package io.tuskmq.node.rules;

import io.tuskmq.storage.Sessions;
import java.util.List;

/** When the session's cursor and in-flight messages are written: at most one checkpoint at a time, and durably only where I3 asks for it. */
final class Checkpoints {
    private final boolean stored;
    private final long idleMillis;

    /** The number of the next checkpoint to begin: it holds all that is true by then. */
    private long next = 1;

    private boolean running;
    private boolean durableWanted;
    private boolean changed;
    private boolean tick;
    private long lastMillis;

    Checkpoints(boolean stored, long idleMillis) {
        this.stored = stored;
        this.idleMillis = idleMillis;
    }

    /** Whether a change must be durable before the client may see it; without a stored session nothing must. */
    boolean isStored() {
        return stored;
    }

    /** Something moved that may be written at the next tick, or be lost: the client may get it again. */
    void changed() {
        changed = true;
    }

    /** Something moved that must be durable; returns the number of the checkpoint that will hold it. */
    long wantDurable() {
        changed = true;
        durableWanted = true;
        return next;
    }

    void started(long nowMillis, long sessionId) {
        // Spread, so that sessions that came together don't write together.
        lastMillis = nowMillis - Math.floorMod(sessionId * 7919, Math.max(1, idleMillis));
    }

    void tick(long nowMillis) {
        tick = true;
        if (nowMillis - lastMillis >= idleMillis) {
            changed = true;
        }
    }

    void done() {
        running = false;
    }

    /** Whether one is to be begun now. */
    boolean isDue() {
        return stored && !running && (durableWanted || (changed && tick));
    }

    /** Begins one. */
    Effect.Checkpoint begin(long[] cursor, byte[] inflight, List<Sessions.Take> takes, long nowMillis) {
        var checkpoint = new Effect.Checkpoint(next, cursor, inflight, durableWanted, takes);
        next++;
        running = true;
        durableWanted = false;
        changed = false;
        lastMillis = nowMillis;
        return checkpoint;
    }

    /** To be called at the end of each event: a tick with nothing to write passes. */
    void endOfEvent() {
        tick = tick && running;
    }

    long nextNumber() {
        return next;
    }
}
