package io.tuskmq.node.session;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.rules.Session;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.LogReader;
import io.tuskmq.storage.Sessions;
import io.vertx.core.Future;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The group of a shared subscription at work: a session of its own, whose "client" are the members. It follows the log as any session
 * does; what it sends is dealt to a member, and what the member has done with is acknowledged to it. Lives on one shard; members on
 * any, here or on other nodes.
 *
 * <p>A QoS 1 message stays the group's until its member acknowledged it: when the member goes, another one gets it. A QoS 2 message
 * is taken over by a stored member in one transaction with a note of it, which counts only in the epoch that it was dealt in. So when a
 * member is lost the group claims itself anew and reads the notes: what is not among them, nobody will ever have.
 */
final class GroupRunner extends Receiver implements StoreCalls.Owner {
    private static final Logger LOG = LoggerFactory.getLogger(GroupRunner.class);
    /** Messages of a group that may be with its members, or wait for one of them. */
    private static final int INFLIGHT_MAX = 1_000;
    /** A member that could take nothing is tried again after this. */
    private static final long REST_MILLIS = 100;

    /** Who the group is: {@code sessionId} 0 when no member is stored. */
    record Identity(String key, long sessionId, long epoch, Subscription subscription) {}

    private final Broker broker;
    private final Group group;
    private final Shard shard;
    private final Identity identity;
    private final Session session;
    private final StoreCalls calls;
    private final GroupHands hands = new GroupHands();

    /** Of a group in memory: its messages. */
    private final GroupForwards forwards = new GroupForwards();
    /** Of the group in memory that this one followed. */
    private GroupForwards before = new GroupForwards();

    /** Log ids of what members had taken before this began. */
    private Set<Long> withMembers = Set.of();

    private final GroupEpoch epoch;
    private boolean fenceWanted;

    private final Queue<Event> waiting = new ArrayDeque<>();
    private boolean busy;
    private boolean routed;
    private boolean ended;

    GroupRunner(Broker broker, Group group, GroupOpening opening, GroupOpening.Opened opened) {
        this.broker = broker;
        this.group = group;
        this.shard = group.shard();
        this.identity = opened.identity();
        this.epoch = new GroupEpoch(opening, broker.store().sessions(), identity);
        this.calls = new StoreCalls(shard, this);
        this.session = GroupOpening.session(identity, opened.state(), INFLIGHT_MAX);
    }

    @Override
    public boolean isEnded() {
        return ended;
    }

    boolean isStored() {
        return identity.sessionId() != 0;
    }

    Shard shard() {
        return shard;
    }

    long sessionId() {
        return identity.sessionId();
    }

    // --- members

    /** A member is here, or has changed its subscription; one that needs a stored group is not taken in by another. */
    void join(Member member, Subscription subscription) {
        if (!isStored() && GroupMembers.needsStore(member, subscription)) {
            return;
        }
        boolean first = hands.noMembers();
        hands.join(member, subscription);
        if (first) {
            writable();
        }
        deal();
    }

    private void writable() {
        on(new Event.Writable(!hands.noMembers(), shard.nowMillis()));
    }

    void leave(Member member) {
        hands.leave(member);
        writable();
    }

    void gone(Member member) {
        hands.gone(member);
        writable();
        deal();
    }

    void finished(Member member) {
        hands.finished(member);
        deal();
    }

    void lost(Member member) {
        if (hands.lost(member)) {
            fence();
        }
        writable();
        deal();
    }

    /** Claims the group anew: what was dealt before can't be taken any more, and what was taken is known. */
    private void fence() {
        if (epoch.isBeingClaimed()) {
            fenceWanted = true;
            return;
        }
        epoch.claim()
                .onComplete(
                        done -> shard.post(() -> fenced(done)),
                        failure -> shard.post(() -> {
                            LOG.info("group={} begins again: {}", identity.key(), failure.getMessage());
                            group.failed(this);
                        }));
    }

    private void fenced(GroupOpening.Fenced fenced) {
        if (ended) {
            return;
        }
        if (fenceWanted) { // another member was lost meanwhile
            fenceWanted = false;
            fence();
            return;
        }
        hands.resolve(fenced.taken()).forEach(deal -> on(new Event.Taken(deal.packetId)));
        deal();
        group.settle();
    }

    /** Whether no member is here, nor has anything that is still the group's. */
    boolean isDeserted() {
        return hands.noMembers() && hands.areEmpty();
    }

    /** Of one in memory that another one followed: whether there is nothing left to deal. */
    boolean isIdle() {
        return forwards.isOver(shard.watermark())
                && hands.areEmpty()
                && !hands.anyWaits()
                && session.load().queued() == 0;
    }

    /** A stored group is asked for, that may follow this one. */
    void expectFollower() {
        forwards.track();
    }

    /** Begins where the group in memory ends. That one takes what is on its way to it, no more, and deals what it has. */
    void follow(GroupRunner inMemory) {
        before = inMemory.forwards;
        before.followedAfter(identity.subscription().start());
    }

    private void addRoute() {
        Subscription to = identity.subscription();
        broker.router().liveRoutes().add(shard, this, isStored() ? to : GroupOpening.forwarded(to));
    }

    private void routesApplied(Event.RoutesApplied answer) {
        on(answer);
        if (answer.spread() != Event.RoutesApplied.Spread.BEGUN && !routed) {
            routed = true;
            shard.post(group::settle); // members have waited for it
        }
    }

    /** Whether what is published from now on reaches it, or its log, wherever that is; with what a SUBACK may wait for. */
    boolean isRouted() {
        return isStored() || routed;
    }

    private void stopFollowing() {
        broker.router().liveRoutes().remove(shard, this, identity.subscription().filter());
    }

    // --- dealing

    private void deal() {
        if (ended) {
            return;
        }
        for (Member resting : hands.deal(epoch.now())) {
            shard.postAfter(REST_MILLIS, () -> {
                hands.writable(resting);
                deal();
            });
        }
    }

    /** The member is done with it; from the member's shard by {@link Shard#post}. */
    void settled(Ticket ticket) {
        if (hands.release(ticket)) {
            forwards.done(ticket.deal.message);
            on(new Event.PubAckReceived(ticket.deal.packetId, ReasonCodes.SUCCESS));
            group.settle();
        }
    }

    /** It is durably the member's, and noted. */
    void taken(Ticket ticket) {
        if (hands.release(ticket)) {
            on(new Event.Taken(ticket.deal.packetId));
            group.settle();
        }
    }

    /** The member can't deliver it. */
    void returned(Ticket ticket) {
        hands.putBack(ticket);
        deal();
        group.settle(); // it may have been the last thing that a member which has left still had
    }

    // --- the group's own session

    /** Starts it; members have taken what has these log ids. */
    void start(Set<Long> takenByMembers) {
        List<Long> done = takenByMembers.stream().filter(session::isPast).toList();
        if (!done.isEmpty()) { // the last one ended before it could forget them
            forgetTaken(done);
        }
        withMembers = takenByMembers;
        shard.add(this);
        on(new Event.Started(shard.nowMillis()));
        writable();
    }

    /** Ends it; nothing that it dealt counts any more. Completes with what is to be stored, when no older checkpoint is on its way. */
    Future<Sessions.Checkpoint> end() {
        raiseWatermark(shard, session);
        ended = true;
        shard.remove(this);
        stopFollowing();
        forwards.end();
        return epoch.last(session.checkpointNow());
    }

    @Override
    void on(Event event) {
        if (isStored() || !(event instanceof Event.Arrived arrived)) {
            handle(event);
        } else if (forwards.take(arrived)) {
            // To a session that has no part in the log it is a message like any other.
            handle(new Event.Arrived(0, arrived.message(), arrived.matching(), arrived.nowMillis()));
        }
    }

    private void handle(Event event) {
        if (ended) {
            return;
        }
        if (busy) {
            waiting.add(event);
            return;
        }
        busy = true;
        try {
            for (Event next = event; next != null && !ended; next = waiting.poll()) {
                session.on(next).forEach(this::perform);
            }
        } catch (RuntimeException | AssertionError e) {
            LOG.error("group={} a fault of the broker ends it; it begins again", identity.key(), e);
            shard.post(() -> group.failed(this));
        } finally {
            busy = false;
        }
        deal();
        if (session.hasMore() && !hands.noMembers()) {
            shard.post(this::writable);
        }
    }

    @Override
    void tick(Event tick) {
        raiseWatermark(shard, session);
        on(tick);
        if (forwards.isFollowed()) {
            group.settle();
        }
    }

    private void perform(Effect effect) {
        switch (effect) {
            case Effect.SendPublish publish -> sendPublish(publish);
            case Effect.ForgetTaken(List<Long> logIds) -> forgetTaken(logIds);
            case Effect.AddRoute add -> addRoute();
            case Effect.AwaitRoutes(long number) ->
                RouteQuestion.ask(broker.router().peers().routesApplied(), shard, number, this::routesApplied);
            case Effect.Checkpoint checkpoint -> checkpoint(checkpoint);
            case Effect.Fetch(List<LogReader.Position> positions) ->
                calls.ask(
                        () -> broker.store().log().fetch(positions),
                        messages -> on(new Event.Fetched(messages, shard.nowMillis())));
            case Effect.ReadLog(List<LogReader.Range> ranges, int limit) ->
                calls.ask(
                        () -> broker.store().log().read(ranges, limit),
                        page -> on(new Event.PageRead(page, shard.nowMillis())));
            case Effect.Dropped(int messages, Effect.Dropped.Reason reason) ->
                broker.counters().dropped(reason, messages);
            case Effect.Disconnect(int reason, String why) -> overflowed(why);
            default -> throw new IllegalStateException("a group's session has no client that sends: " + effect);
        }
    }

    private void forgetTaken(List<Long> logIds) {
        calls.ask(() -> broker.store().sessions().forgetTaken(identity.sessionId(), logIds), done -> {});
    }

    private void sendPublish(Effect.SendPublish publish) {
        if (publish.packetId() == 0) {
            if (!hands.giveAtMostOnce(new GroupDeal(this, 0, 0, 0, publish.message()))) {
                broker.counters().dropped(Effect.Dropped.Reason.NOT_WRITABLE, 1);
            }
            return;
        }
        LogReader.Position at = session.positionOf(publish.packetId()).orElseThrow();
        GroupDeal deal = new GroupDeal(this, publish.packetId(), at.id(), at.filterId(), publish.message());
        if (withMembers.contains(at.id())) {
            on(new Event.Taken(publish.packetId()));
        } else if (!isStored() || !before.keep(deal)) {
            hands.offer(deal);
        }
    }

    /** The group in memory that this one followed has dealt it. */
    void dealtBefore(GroupDeal deal) {
        on(new Event.Taken(deal.packetId));
    }

    /** The group in memory has ended and left it. */
    void offer(GroupDeal deal) {
        hands.offer(deal);
        deal();
    }

    /** Only a group that is not stored can: its members take too little, and nothing but memory holds their messages. */
    private void overflowed(String why) {
        LOG.warn("group={} dropped its messages: {}", identity.key(), why);
        broker.counters()
                .dropped(Effect.Dropped.Reason.QUEUE_FULL, session.load().queued());
        group.failed(this);
    }

    private void checkpoint(Effect.Checkpoint effect) {
        calls.ask(() -> epoch.write(effect), ours -> {
            if (ours) {
                on(new Event.CheckpointDone(effect.number(), true, shard.nowMillis()));
            } else {
                group.failed(this);
            }
        });
    }

    @Override
    public void failedForGood(Throwable failure) {
        LOG.error("group={} the store failed for good", identity.key(), failure);
        group.failed(this);
    }
}
