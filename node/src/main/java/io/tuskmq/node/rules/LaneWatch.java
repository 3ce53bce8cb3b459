package io.tuskmq.node.rules;

import io.tuskmq.storage.Leases.LaneState;
import io.tuskmq.storage.rules.LaneVector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Up to where this node has handled what other nodes committed in each lane, and when forwards are missing: the log has them, and whoever
 * follows the log must then read it (I2). Pure; one thread at a time.
 *
 * <p>Two things prove that nothing is missing. A lane's owner tells with each frame what it told last: an unbroken chain is complete. And
 * PostgreSQL says once a second which id of each lane carried a message last: what lies above it carried none.
 */
public final class LaneWatch {
    /** All of the lane up to the head was handled, or held nothing. */
    public record Complete(int lane, long head) {}

    /**
     * What a heartbeat showed.
     *
     * @param missing lanes with messages that were not forwarded: whoever follows the log reads it, before {@code complete} is told
     */
    public record Verdict(List<Integer> missing, List<Complete> complete) {}

    private final LaneVector handled = new LaneVector();
    /** By lane: a last id that was not handled at the last heartbeat; its forward may have been on its way. */
    private final Map<Integer, Long> late = new HashMap<>();

    /** Whether a frame that follows what was told up to {@code after} continues what was handled. */
    public boolean continues(int lane, long after) {
        return handled.get(lane) >= after;
    }

    /** A frame was handled, or what was missing before it is being read. */
    public void handled(int lane, long head) {
        handled.raise(lane, head);
    }

    /** What PostgreSQL says of all lanes; {@code self} is this node's incarnation, whose own lanes are of no concern. */
    public Verdict heartbeat(List<LaneState> lanes, long self) {
        List<Integer> missing = new ArrayList<>(0);
        List<Complete> complete = new ArrayList<>(lanes.size());
        for (LaneState lane : lanes) {
            if (lane.owner() == self) {
                continue;
            }
            int id = lane.laneId();
            if (lane.last() > handled.get(id)) {
                Long lastTime = late.get(id);
                // Nobody forwards for an owner that is gone; a living one has had a second for what was there the last
                // time.
                boolean isMissing = lane.owner() == 0 || (lastTime != null && lastTime > handled.get(id));
                if (!isMissing) {
                    late.put(id, lane.last());
                    continue;
                }
                missing.add(id);
            }
            late.remove(id);
            handled.raise(id, lane.head());
            complete.add(new Complete(id, lane.head()));
        }
        return new Verdict(missing, complete);
    }
}
