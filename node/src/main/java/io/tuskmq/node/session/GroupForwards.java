package io.tuskmq.node.session;

import io.tuskmq.node.rules.Event;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which QoS 1 and 2 messages a group in memory has taken in, by their places in the log: of these the stored group that follows it
 * deals those that are left when the one in memory ends, and those whose forwards were lost, and no others. A lane's messages come in its
 * order, so two places tell of nearly all; from when the stored group may have messages, each is noted. Lives on the group's shard.
 */
final class GroupForwards {
    /** Messages that are noted at most; when there are more, a lost forward is not seen any more. */
    private static final int NOTED_MAX = 100_000;

    /** Just below the first one of each lane. */
    private final LaneVector from = new LaneVector();

    private final LaneVector through = new LaneVector();
    /** Set when another one follows: up to there messages are still this one's. */
    private @Nullable LaneVector last;

    /** Where the lanes stood when a stored group was asked for: what came later was noted. */
    private @Nullable LaneVector notedAfter;

    private final Set<Long> noted = new HashSet<>();
    private boolean ended;
    /** What no member is done with, of what came since a stored group was asked for: its log can't have more. */
    private final IdentityHashMap<Message, Long> open = new IdentityHashMap<>();

    private final Map<Long, Message> openByLogId = new HashMap<>();
    /** The stored group's deals of what is open, in the log's order. */
    private final Map<Long, GroupDeal> waiting = new TreeMap<>();

    /** A stored group has been asked for. */
    void track() {
        if (notedAfter == null) {
            notedAfter = through.copy();
        }
    }

    /** Whether this group is to deal the message. */
    boolean take(Event.Arrived arrived) {
        long logId = arrived.logId();
        LaneVector until = last;
        if (logId == 0) {
            return until == null;
        }
        if (until != null && !until.covers(logId)) {
            return false;
        }
        int lane = LogId.laneOf(logId);
        if (from.get(lane) == 0) {
            from.raise(lane, logId - 1);
        }
        through.advance(logId);
        if (notedAfter != null) {
            note(logId);
            open.put(arrived.message(), logId);
            openByLogId.put(logId, arrived.message());
        }
        return true;
    }

    private void note(long logId) {
        if (noted.size() < NOTED_MAX) {
            noted.add(logId);
        } else {
            notedAfter = through; // all of them count as taken in
        }
    }

    /** Whether it was taken in. */
    boolean has(long logId) {
        LaneVector after = notedAfter;
        return through.covers(logId)
                && !from.covers(logId)
                && (after == null || after.covers(logId) || noted.contains(logId));
    }

    /** A member is done with it. */
    void done(Message message) {
        Long logId = open.remove(message);
        if (logId != null) {
            openByLogId.remove(logId);
            GroupDeal deal = waiting.remove(logId);
            if (deal != null) {
                deal.runner.dealtBefore(deal);
            }
        }
    }

    /** This one deals no more: what is left is the stored group's. */
    void end() {
        ended = true;
        waiting.values().forEach(deal -> deal.runner.offer(deal));
        waiting.clear();
    }

    /** Whether the deal of the stored group is not to be made, or not now: the one in memory has the message, or had it. */
    boolean keep(GroupDeal deal) {
        if (!has(deal.logId)) {
            return false;
        }
        if (!openByLogId.containsKey(deal.logId)) {
            deal.runner.dealtBefore(deal);
            return true;
        }
        if (!ended) {
            waiting.put(deal.logId, deal);
        }
        return !ended;
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
