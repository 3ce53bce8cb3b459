package io.tuskmq.node.rules;

import io.tuskmq.storage.LogReader;
import io.tuskmq.storage.rules.LaneVector;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One client's session while it has a connection: events in, effects out. A new one is made for each connection from what the store
 * kept of the last. Not thread-safe: it lives on its connection's event loop.
 *
 * <p>What the runner has to know:
 * <ul>
 *   <li>Effects are carried out in their order, and those of one event before those of the next: a Route that leads to an Arrived
 *       for this same session must not have that event's effects carried out in between. The list is the caller's.
 *   <li>After a Disconnect effect the session does nothing more; {@link #checkpointNow} stays valid.
 *   <li>Writes to the store (checkpoint, subscriptions, receipts) are repeated by the runner until they are answered or the connection
 *       ends. The release at the end of the connection comes after a checkpoint that is still on its way.
 *   <li>While {@link #hasMore} and the channel is writable, it is given {@link Event.Writable} again.
 *   <li>{@link Event.ReadFailed} is for both Fetch and ReadLog; only one of them is on its way at a time.
 * </ul>
 */
public final class Session {
    private final long sessionId;
    private final Map<Subscription, String> retainedPending;
    private final Effects effects = new Effects();
    private final OwnSubscriptions subscriptions = new OwnSubscriptions();
    private final Checkpoints checkpoints;
    private final OutgoingWindow window;
    private final OutgoingQueue queue;
    private final DeliveryRules rules;
    private final IncomingMessages incoming;
    private final RouteWait routes = new RouteWait(effects);
    private final LogFollower follower;
    private final RetainedHandover retained;
    private final SubscriptionChanges changes;

    private long nowMillis;
    private boolean started;

    /** @param sessionId 0 when nothing of the session is stored: then it ends with its connection, and there are no checkpoints */
    public Session(SessionLimits limits, long sessionId, SessionStart start) {
        boolean stored = sessionId != 0;
        boolean v5 = start.client().isV5();
        this.sessionId = sessionId;
        this.retainedPending = start.retainedPending();
        start.subscriptions().forEach(subscriptions::put);
        this.checkpoints = new Checkpoints(stored, limits.idleCheckpointMillis());
        this.window = new OutgoingWindow(start, limits, subscriptions, checkpoints, effects);
        this.queue = new OutgoingQueue(limits, stored, window, effects);
        this.rules = new DeliveryRules(
                subscriptions, stored, start.publisherId(), start.client().rights());
        this.incoming = new IncomingMessages(stored, v5, limits.receiveMax(), start.receipts(), effects);
        this.follower = new LogFollower(
                limits,
                sessionId,
                start.cursor(),
                subscriptions,
                rules,
                new LogFollower.Outlets(queue, checkpoints, effects),
                routes);
        this.retained = new RetainedHandover(subscriptions, rules, queue, effects);
        this.changes = new SubscriptionChanges(
                limits, subscriptions, new SubscriptionChanges.Followers(follower, retained, routes), effects, stored);
    }

    /** What follows from the event. */
    public List<Effect> on(Event event) {
        if (effects.ended()) {
            return List.of();
        }
        queue.beginStep();
        dispatch(event);
        goOn();
        return effects.take();
    }

    private void dispatch(Event event) {
        switch (event) {
            case Event.Started e -> started(e);
            case Event.PublishReceived e -> incoming.published(e.packetId(), e.message());
            case Event.PubAckReceived e -> window.pubAck(e.packetId());
            case Event.PubRecReceived e -> window.pubRec(e.packetId(), e.reason());
            case Event.PubRelReceived e -> incoming.released(e.packetId());
            case Event.PubCompReceived e -> window.pubComp(e.packetId());
            case Event.SubscribeReceived e -> changes.subscribe(e);
            case Event.UnsubscribeReceived e -> changes.unsubscribe(e);
            case Event.Arrived e -> arrived(e);
            case Event.Dealt e -> dealt(e);
            case Event.Taken e -> window.taken(e.packetId());
            case Event.LaneComplete e -> follower.laneComplete(e.lane(), e.head());
            case Event.ForwardsLost e -> follower.forwardsLost();
            case Event.CopiesBegun e -> follower.copiesBegun();
            case Event.CopiesMade e -> follower.copiesMade();
            case Event.AuditTurn e -> follower.auditTurn(e);
            case Event.LogCompared e -> follower.logCompared(e);
            case Event.MissedRead e -> {
                now(e.nowMillis());
                follower.missedRead(e);
            }
            case Event.RoutesApplied e -> {
                routes.answered(e);
                follower.routesApplied();
                changes.routesApplied();
            }
            case Event.Writable e -> {
                now(e.nowMillis());
                queue.writable(e.writable());
            }
            case Event.RetainedArrived e -> {
                now(e.nowMillis());
                retained.arrived(e);
            }
            case Event.Committed e -> incoming.committed(e);
            case Event.AppendRefused e -> incoming.refused();
            case Event.QuotaExceeded e -> incoming.quotaExceeded(e);
            case Event.ReceiptForgotten e -> incoming.forgotten(e.packetId());
            case Event.CheckpointDone e -> checkpointDone(e);
            case Event.TakesRefused e -> {
                now(e.nowMillis());
                checkpoints.done();
                window.takesRefused();
            }
            case Event.Subscribed e -> changes.stored(e);
            case Event.Unsubscribed e -> changes.deleted(e);
            case Event.Fetched e -> {
                now(e.nowMillis());
                window.fetched(e.messages());
            }
            case Event.PageRead e -> {
                now(e.nowMillis());
                follower.page(e.page());
            }
            case Event.ReadFailed e -> {
                window.fetchFailed();
                follower.readFailed();
            }
            case Event.Tick e -> {
                now(e.nowMillis());
                checkpoints.tick(nowMillis);
                window.tick();
                follower.tick();
                changes.tick();
                retained.tick();
            }
        }
    }

    private void now(long nowMillis) {
        this.nowMillis = nowMillis;
        queue.now(nowMillis);
    }

    private void started(Event.Started e) {
        started = true;
        now(e.nowMillis());
        checkpoints.started(nowMillis, sessionId);
        for (Subscription s : subscriptions.all()) {
            effects.add(new Effect.AddRoute(s));
        }
        if (!subscriptions.all().isEmpty()) {
            routes.ask();
        }
        retainedPending.forEach((s, after) -> effects.add(new Effect.ContinueRetained(s, after)));
        window.resume();
    }

    private void arrived(Event.Arrived e) {
        now(e.nowMillis());
        if (e.logId() != 0) {
            follower.arrived(e);
            return;
        }
        Delivery d = rules.direct(e.message(), e.matching());
        if (d == null) {
            return;
        }
        if (d.qos() > 0 || ((retained.isActive() || queue.holdsDirect()) && !queue.isFull())) {
            queue.offer(d);
        } else {
            queue.sendOrDrop(d);
        }
    }

    private void dealt(Event.Dealt e) {
        now(e.nowMillis());
        boolean may = rules.mayReceive(e);
        Delivery d = may ? rules.dealt(e) : null;
        if (d == null) {
            effects.add(new Effect.DealReturned(e.deal()));
            if (!may) { // else the group would deal it to this member again and again
                effects.disconnect(ReasonCodes.NOT_AUTHORIZED, "a shared subscription is not allowed any more");
            }
        } else {
            queue.offer(d);
        }
    }

    private void checkpointDone(Event.CheckpointDone e) {
        now(e.nowMillis());
        checkpoints.done();
        if (e.held()) {
            window.durable(e.number());
        } else {
            effects.disconnect(ReasonCodes.SESSION_TAKEN_OVER, "session taken over");
        }
    }

    /** What can go on after any event: there is room, or an answer came. */
    private void goOn() {
        if (!started) {
            return;
        }
        window.resumeMore(queue.isWritable());
        queue.drain();
        if (isStored() && window.isResumed()) {
            follower.askIfDue();
        }
        retained.askIfDue();
        if (checkpoints.isDue()) {
            effects.add(checkpoints.begin(follower.cursor(), window.encode(), window.takes(), nowMillis));
        }
        checkpoints.endOfEvent();
    }

    /** All subscriptions, also shared ones, as they are now. */
    public List<Subscription> subscriptions() {
        return subscriptions.all();
    }

    /** Cursor and in-flight as they are now: what the store keeps when the connection ends. Does not count as a checkpoint begun. */
    public Effect.Checkpoint checkpointNow() {
        return new Effect.Checkpoint(
                checkpoints.nextNumber(), follower.cursor(), window.encodeAtEnd(), true, List.of());
    }

    public boolean isStored() {
        return sessionId != 0;
    }

    /** All that was ever sent lies at or below it. A copy. */
    public LaneVector cursor() {
        return new LaneVector(follower.cursor());
    }

    /** Whether {@link Event.Writable} would send more at once: the session stopped after a portion, to look at the channel again. */
    public boolean hasMore() {
        return !effects.ended() && queue.hasMore();
    }

    /** Whether the session is past this row of the log: it neither has it in flight nor will read it. */
    public boolean isPast(long logId) {
        return cursor().covers(logId) && !window.has(logId);
    }

    /** Where a message in flight lies in the log; empty for an unknown packet id. */
    public Optional<LogReader.Position> positionOf(int packetId) {
        return window.positionOf(packetId);
    }

    /** Whether rows of the log are taken as they are forwarded. */
    public boolean isLive() {
        return follower.isLive();
    }

    /** Incoming QoS 1 and 2 messages not yet acknowledged completely: for the runner to stop reading an MQTT 3 client. */
    public int incomingUnacked() {
        return incoming.unacked();
    }

    /** What this session holds in memory, for tests and counters. */
    public record Load(int unacked, int inflight, int queued, long queuedBytes, int putBy) {}

    public Load load() {
        return new Load(window.unacked(), window.size(), queue.size(), queue.bytes(), follower.putByMessages());
    }
}
