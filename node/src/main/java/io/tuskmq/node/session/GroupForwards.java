package io.tuskmq.node.session;

import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogId;
import org.jspecify.annotations.Nullable;

/**
 * Which QoS 1 and 2 messages a group in memory has taken in, by their places in the log: the stored group that follows it deals none of
 * them again. A lane's messages come in its order, so two places tell all of them. Lives on the group's shard.
 */
final class GroupForwards {
    /** Just below the first one of each lane. */
    private final LaneVector from = new LaneVector();

    private final LaneVector through = new LaneVector();
    /** Set when another one follows: up to there messages are still this one's. */
    private @Nullable LaneVector last;

    /** Whether this group is to deal the message. */
    boolean take(long logId) {
        LaneVector until = last;
        if (until != null && !until.covers(logId)) {
            return false;
        }
        int lane = LogId.laneOf(logId);
        if (from.get(lane) == 0) {
            from.raise(lane, logId - 1);
        }
        through.advance(logId);
        return true;
    }

    boolean has(long logId) {
        return through.covers(logId) && !from.covers(logId);
    }

    /** The stored group begins with what comes after {@code start}: what is still on its way and lies below is this one's. */
    void followedAfter(LaneVector start) {
        LaneVector until = through.copy();
        until.raiseAll(start);
        last = until;
    }

    boolean isFollowed() {
        return last != null;
    }

    /** Whether nothing more is to come when all forwards up to the watermark were handled. */
    boolean isOver(LaneVector watermark) {
        LaneVector until = last;
        if (until == null) {
            return false;
        }
        for (int lane = 1; lane <= until.lanes(); lane++) {
            if (until.get(lane) > watermark.get(lane)) {
                return false;
            }
        }
        return true;
    }
}
