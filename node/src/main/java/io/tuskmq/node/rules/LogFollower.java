package io.tuskmq.node.rules;

import io.tuskmq.storage.LogReader.Logged;
import io.tuskmq.storage.LogReader.Page;
import io.tuskmq.storage.LogReader.Range;
import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogId;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a stored session stands in the log, and how it follows it.
 *
 * <p><b>Live</b>, it takes rows as they are forwarded. When it can't keep up it falls <b>behind</b>: it takes nothing, and when there is
 * room it is <b>reading</b>, page by page, from where it stopped. The joint between the two must neither lose nor overtake (I2, I6):
 * from the moment a page is asked for, forwards are put by. A page that comes to the end of the log holds every row that was
 * committed when it was read, and every row committed later is forwarded later: so page, then what was put by, less what the
 * page had, is the whole log. If too much came to put by, it is forgotten and the next page tries again.
 *
 * <p>With several nodes that holds only for a page that was asked for when all nodes had this session's routes ({@link RouteWait}): until
 * then it stays behind, and reads at each tick.
 *
 * <p>On each topic, retained messages and their copies in the private queue have rising ids, in the order of their commits. So a page has
 * them in the right order, but forwards may not, nor two pages of a pass between which a copy came into a lane that lags: while copies
 * are on their way the session stays behind, and a new pass begins when they are made. So it never ends with the older one.
 *
 * <p>Pages follow one another in a <b>pass</b>, each from where the last one ended, also past a lane whose head lies far below (of a
 * node that just died, or idle): what that lane gets there later is not in this pass, so it <b>lags</b>: its part of the cursor stays,
 * and what is forwarded is put by from then on, not only since the last page. Without that, pages above the lowest entry of the cursor
 * would come back the same until the head moved.
 */
final class LogFollower {
    /** How the session gets its rows. */
    private enum Mode {
        LIVE,
        BEHIND,
        READING
    }

    private final SessionLimits limits;
    private final long privateFilterId;
    private final OwnSubscriptions subscriptions;
    private final DeliveryRules rules;
    private final OutgoingQueue queue;
    private final Checkpoints checkpoints;
    private final Effects effects;
    private final RouteWait routes;
    /** None before the auditor has found the session live: most are never. */
    private @Nullable LiveAudit audit;

    /** All of each lane up to here was sent, was skipped, or waits in the queue. */
    private final LaneVector seen;

    private Mode mode = Mode.BEHIND;

    /** Counts how often it went live. */
    private long stretches;

    /** Reads wait for a subscription to be stored: a page of now would not hold its rows. */
    private boolean held;

    /** Portions of copies for the private queue that are on their way. */
    private int copying;

    /** The page that is coming may have been read before copies were made: it neither ends in live rows nor is gone on from. */
    private boolean beforeCopies;

    /** The page that is coming was asked for before a subscription changed: it is read again. */
    private boolean stale;

    private boolean waitForTick;

    /** All nodes had this session's routes when the first page of the pass was asked for: what it has not is forwarded. */
    private boolean routed;

    private long askedAfter;

    // The pass: where its next page begins (0 = none is under way), and which lanes were left behind in it.
    private long nextAfter;
    private final Set<Integer> lagging = new LazySet<>();

    // What was forwarded since the page was asked for.
    private final Queue<Event.Arrived> putBy = new LazyQueue<>();
    private long putByBytes;
    private boolean putByIncomplete;

    LogFollower(
            SessionLimits limits,
            long sessionId,
            LaneVector cursor,
            OwnSubscriptions subscriptions,
            DeliveryRules rules,
            Outlets outlets,
            RouteWait routes) {
        this.limits = limits;
        this.privateFilterId = -sessionId;
        this.seen = cursor.copy();
        this.subscriptions = subscriptions;
        this.rules = rules;
        this.queue = outlets.queue();
        this.checkpoints = outlets.checkpoints();
        this.effects = outlets.effects();
        this.routes = routes;
    }

    /** Where what the follower decides goes to. */
    record Outlets(OutgoingQueue queue, Checkpoints checkpoints, Effects effects) {}

    // --- forwards

    void arrived(Event.Arrived row) {
        switch (mode) {
            case LIVE -> {
                if (audit != null) {
                    audit.note(row.logId(), row.matching());
                }
                takeLive(row);
            }
            case BEHIND -> putByIncomplete = true; // it will be read
            case READING -> putBy(row);
        }
    }

    private void takeLive(Event.Arrived row) {
        if (seen.covers(row.logId())) {
            return;
        }
        if (queue.isFull()) {
            mode = Mode.BEHIND;
            return;
        }
        Delivery d = rules.forwarded(row.logId(), row.message(), row.matching());
        if (d != null) {
            queue.offer(d);
        }
        seen.advance(row.logId());
        checkpoints.changed();
    }

    private void putBy(Event.Arrived row) {
        if (putByIncomplete) {
            return;
        }
        putBy.add(row);
        putByBytes += row.message().bytes();
        if (putBy.size() > limits.liveQueueMessagesMax() || putByBytes > limits.liveQueueBytesMax()) {
            forgetPutBy();
            putByIncomplete = true;
        }
    }

    private void forgetPutBy() {
        putBy.clear();
        putByBytes = 0;
    }

    void laneComplete(int lane, long head) {
        if (mode == Mode.LIVE) {
            seen.raise(lane, head);
        }
    }

    void forwardsLost() {
        if (mode == Mode.LIVE) {
            mode = Mode.BEHIND;
        } else {
            forgetPutBy();
            putByIncomplete = true;
        }
    }

    void copiesBegun() {
        copying++;
        stale |= mode == Mode.READING && !lagging.isEmpty();
        if (mode == Mode.LIVE) {
            mode = Mode.BEHIND;
        }
        endPass();
        beforeCopies = true;
    }

    void copiesMade() {
        copying--;
        endPass();
        beforeCopies = true;
    }

    // --- pages

    /** A subscription is going to be stored that the log has rows for from then on: live rows can't be relied on until then. */
    void hold() {
        held = true;
        endPass();
        if (mode == Mode.LIVE) {
            mode = Mode.BEHIND;
        } else if (mode == Mode.READING) {
            stale = true;
        }
    }

    void goOn() {
        held = false;
    }

    void tick() {
        waitForTick = false;
    }

    /** Until then the log is read at each tick. */
    void routesApplied() {
        waitForTick &= !routes.isComplete();
    }

    /** Asks for a page if one is needed and there is room for it. */
    void askIfDue() {
        if (mode != Mode.BEHIND || held || copying > 0 || waitForTick || !routes.isBegun() || !queue.isLow()) {
            return;
        }
        if (!subscriptions.anyLogged()) {
            live();
            return;
        }
        if (lagging.isEmpty()) {
            forgetPutBy();
            putByIncomplete = false;
        }
        askedAfter = nextAfter == 0 ? low() : nextAfter;
        List<Range> ranges = new ArrayList<>();
        ranges.add(new Range(privateFilterId, askedAfter));
        for (long filterId : subscriptions.filterIds()) {
            ranges.add(new Range(filterId, askedAfter));
        }
        mode = Mode.READING;
        stale = false;
        beforeCopies = false;
        routed = (nextAfter == 0 || routed) && routes.isComplete();
        int perFilter = Math.clamp(limits.pageMessages() / ranges.size(), 8, limits.pageMessages());
        effects.add(new Effect.ReadLog(ranges, perFilter));
    }

    /** The smallest entry of the lanes that this session has heard of. */
    private long low() {
        long low = Long.MAX_VALUE;
        for (int lane = 1; lane <= seen.lanes(); lane++) {
            if (seen.get(lane) != 0) {
                low = Math.min(low, seen.get(lane));
            }
        }
        return low == Long.MAX_VALUE ? 0 : low;
    }

    void page(Page page) {
        if (mode != Mode.READING) {
            return;
        }
        mode = Mode.BEHIND;
        if (stale) {
            endPass();
            return;
        }
        LaneVector bound = new LaneVector();
        boolean whole = bound(page, bound);
        for (Logged row : page.messages()) {
            if (!seen.covers(row.id()) && row.id() <= bound.get(LogId.laneOf(row.id()))) {
                Delivery d = rules.read(row);
                if (d != null) {
                    queue.offer(d);
                }
                checkpoints.changed();
            }
        }
        seen.raiseAll(bound);
        if (beforeCopies) {
            endPass();
        } else if (page.isEnd() || !whole) {
            boolean joins = whole && routed && !putByIncomplete;
            lagging.clear();
            nextAfter = 0;
            if (joins) {
                join();
            } else if (whole && !routed) {
                waitForTick = !routes.isComplete();
            }
        } else {
            nextAfter = page.throughId();
        }
    }

    /** The next page begins a new pass, at the lowest entry of the cursor. */
    private void endPass() {
        lagging.clear();
        nextAfter = 0;
        forgetPutBy();
    }

    /**
     * Up to where the page holds all of each lane.
     *
     * @return false when a lane that the cursor had never heard of begins below the part that was read: it is left for the next page
     */
    private boolean bound(Page page, LaneVector bound) {
        boolean whole = true;
        for (int lane = 1; lane <= page.heads().lanes(); lane++) {
            if (page.heads().get(lane) == 0 || lagging.contains(lane)) {
                continue;
            }
            if (seen.get(lane) == 0) {
                long start = page.starts().get(lane);
                seen.raise(lane, Math.max(1, start));
                if (start < askedAfter) {
                    whole = false;
                    continue;
                }
            }
            bound.raise(lane, Math.min(page.throughId(), page.heads().get(lane)));
            if (!page.isEnd() && page.heads().get(lane) < page.throughId()) {
                lagging.add(lane);
            }
        }
        return whole;
    }

    private void live() {
        mode = Mode.LIVE;
        stretches++;
    }

    private void join() {
        live();
        while (!putBy.isEmpty() && mode == Mode.LIVE) {
            takeLive(putBy.remove());
        }
        forgetPutBy();
    }

    void readFailed() {
        if (mode == Mode.READING) {
            mode = Mode.BEHIND;
            endPass();
        }
        waitForTick = true;
    }

    // --- the audit

    void auditTurn(Event.AuditTurn e) {
        boolean isLive = mode == Mode.LIVE;
        if (audit == null && isLive && e.goesOn()) {
            audit = new LiveAudit(subscriptions, effects);
        }
        if (audit != null) {
            audit.turn(e, isLive ? stretches : 0);
        }
    }

    void logCompared(Event.LogCompared e) {
        if (audit != null) {
            audit.compared(e);
        }
    }

    /** What lies above the cursor is read or forwarded by itself. */
    void missedRead(Event.MissedRead e) {
        if (audit == null) {
            return;
        }
        audit.read(e, row -> {
            if (!seen.covers(row.id())) {
                return false;
            }
            Delivery d = rules.read(row);
            if (d != null) {
                queue.offer(d);
                checkpoints.changed();
            }
            return true;
        });
    }

    // --- the cursor

    /** What is to be stored: below all that waits. */
    long[] cursor() {
        long[] cursor = seen.toArray();
        queue.lower(cursor);
        return cursor;
    }

    boolean isLive() {
        return mode == Mode.LIVE;
    }

    int putByMessages() {
        return putBy.size();
    }
}
