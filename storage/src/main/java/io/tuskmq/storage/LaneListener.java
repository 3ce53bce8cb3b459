package io.tuskmq.storage;

import java.util.List;

/** Told by a {@link LaneWriter}, on the lane's thread, what became of its appends. */
public interface LaneListener {
    /** The batch is committed, with these ids, in this order; the lane is complete up to {@code head}. (I1 starts here.) */
    void committed(List<Append> batch, long head);

    /**
     * This append was not stored and never will be: its session's epoch has passed, its receipt was taken before (the message is in the
     * log already), its will was consumed elsewhere, or the database can't take it.
     */
    void refused(Append append);

    /**
     * The same batch in figures, before {@link #committed}.
     *
     * @param nanos from when it was first sent until its commit was known
     */
    default void measured(int appends, long nanos) {}

    /** The queue has room again. */
    void drained();

    /** The lane belongs to another incarnation: nothing queued was or will be stored. The node must drop its clients at once. */
    void fenced();
}
