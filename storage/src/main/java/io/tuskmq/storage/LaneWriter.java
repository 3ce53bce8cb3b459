package io.tuskmq.storage;

import io.vertx.core.Future;

/**
 * The one writer of a lane: gathers appends into batches (everything that came while the last one committed), one pipelined ahead,
 * and sees each through whatever happens to the connection: a batch is in the log exactly once or not at all, and in order.
 */
public interface LaneWriter {
    /** Takes the append into the queue; from any thread. Appends of one thread keep their order. */
    void append(Append append);

    /**
     * True when the queue has reached its limit: the caller stops reading its sockets until {@link LaneListener#drained}. It may have
     * drained in between, so ask once more after having stopped.
     */
    boolean isFull();

    /** Moves the head up to now when nothing was appended for a while, so that cursors stay close to it. */
    void touch();

    /** Ends after what is queued has been committed. */
    Future<Void> close();
}
