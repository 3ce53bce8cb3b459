package io.tuskmq.storage.rules;

/**
 * One reading of the log from a cursor to its end, in pages. Owned by its reader.
 *
 * <p>The heads of the first page are what the pass reads up to: all below them was committed before it began, so every later page sees
 * it, whichever page that falls into; what came after is left to the next pass (or to forwards). So the next page may go on where the
 * last one ended, although one lane's head (of a node that just died) lies far below: a pass always gets on, and skips nothing (I2).
 */
public final class LogPass {
    private final LaneVector cursor;
    private LaneVector heads = new LaneVector();
    private boolean begun;
    private long afterId;

    /** A pass that moves this cursor. */
    public LogPass(LaneVector cursor) {
        this.cursor = cursor;
        this.afterId = cursor.low();
    }

    /** Above which id the next page is asked for. */
    public long afterId() {
        return afterId;
    }

    /** Tells of a page, before its messages are looked at. */
    public void page(LaneVector pageHeads, LaneVector starts) {
        if (!begun) {
            begun = true;
            heads = pageHeads.copy();
            cursor.raiseAll(starts);
        }
    }

    /** True when the message belongs to this pass: above the cursor, and not above the heads that the pass began with. */
    public boolean takes(long id) {
        return !cursor.covers(id) && id <= heads.get(LogId.laneOf(id));
    }

    /** After the page's messages were taken: moves the cursor. {@code throughId} is {@link Long#MAX_VALUE} at the end of the pass. */
    public void through(long throughId) {
        for (int lane = 1; lane <= heads.lanes(); lane++) {
            cursor.raise(lane, Math.min(throughId, heads.get(lane)));
        }
        afterId = throughId == Long.MAX_VALUE ? cursor.low() : throughId;
    }
}
