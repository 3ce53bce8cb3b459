package io.tuskmq.node.session;

import io.tuskmq.cluster.rules.GroupDealer;
import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.rules.Session;
import io.tuskmq.node.rules.SessionLimits;
import io.tuskmq.node.rules.SessionStart;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.LogReader;
import io.tuskmq.storage.Sessions;
import io.vertx.core.Future;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The group of a shared subscription at work: a session of its own, whose "client" are the members. It follows the log as any session
 * does; what it sends is dealt to a member, and what the member has done with is acknowledged to it. Lives on one shard; members on
 * any.
 *
 * <p>A QoS 1 message stays the group's until its member acknowledged it: when the member goes, another one gets it. A QoS 2 message
 * is handed over: first it is durably the member's, then durably no longer the group's, and only then sent. Should the node die
 * between the two, the group finds it among the members' messages and forgets it.
 */
final class GroupRunner extends Receiver {
    private static final Logger LOG = LoggerFactory.getLogger(GroupRunner.class);
    /** Messages of a group that may be with its members, or wait for one of them. */
    private static final int INFLIGHT_MAX = 1_000;
    /** Messages that one member may hold unacknowledged. */
    private static final int MEMBER_MAX = 100;

    /** Who the group is: {@code sessionId} 0 when no member is stored. */
    record Identity(String key, long sessionId, long epoch, Subscription subscription) {}

    /** A deal that is durably the member's and not yet durably gone from here. */
    private record Taken(GroupDeal deal, SessionRunner member) {}

    private final Broker broker;
    private final Group group;
    private final Shard shard;
    private final Identity identity;
    private final Session session;
    private final StoreCalls calls;

    private final GroupDealer<SessionRunner, GroupDeal> dealer = new GroupDealer<>();
    private final Map<SessionRunner, Subscription> members = new HashMap<>();
    private final Map<SessionRunner, Set<GroupDeal>> held = new HashMap<>();
    /** What members that have unsubscribed still have. */
    private final Map<SessionRunner, Set<GroupDeal>> kept = new HashMap<>();

    private final Map<Integer, Taken> taken = new HashMap<>();
    private Set<LogReader.Position> withMembers = Set.of();
    private final List<SessionRunner> turns = new ArrayList<>();
    private int turn;

    private final Queue<Event> waiting = new ArrayDeque<>();
    private Future<?> checkpointing = Future.succeededFuture();
    private boolean busy;
    private boolean ended;

    GroupRunner(Broker broker, Group group, Identity identity, Sessions.SessionState state) {
        this.broker = broker;
        this.group = group;
        this.shard = group.shard();
        this.identity = identity;
        this.calls = new StoreCalls(shard, () -> ended, this::failedForGood);
        SessionLimits d = SessionLimits.DEFAULT;
        var limits = new SessionLimits(
                d.receiveMax(),
                INFLIGHT_MAX,
                d.queueMessagesMax(),
                d.queueBytesMax(),
                d.liveQueueMessagesMax(),
                d.liveQueueBytesMax(),
                d.pageMessages(),
                d.sendBytesMax(),
                d.pendingSubscribesMax(),
                d.idleCheckpointMillis());
        var client = new SessionStart.Client(5, INFLIGHT_MAX, 0);
        // No message has this publisher: no-local is not for shared subscriptions [MQTT5-3.8.3-4].
        long nobody = identity.sessionId() != 0 ? identity.sessionId() : Long.MIN_VALUE;
        SessionStart start = identity.sessionId() != 0
                ? SessionStart.of(state, true, nobody, client)
                : new SessionStart(
                        state.cursor(),
                        new byte[0],
                        List.of(identity.subscription()),
                        Map.of(),
                        List.of(),
                        false,
                        nobody,
                        client);
        this.session = new Session(limits, identity.sessionId(), start);
    }

    boolean isStored() {
        return identity.sessionId() != 0;
    }

    Shard shard() {
        return shard;
    }

    // --- members

    /** A member is here, or has changed its subscription. */
    void join(SessionRunner member, Subscription subscription) {
        boolean first = members.isEmpty();
        if (members.put(member, subscription) == null) {
            turns.add(member);
        }
        dealer.joined(member, Math.min(MEMBER_MAX, member.receiveMax()));
        if (first) {
            on(new Event.Writable(true, System.currentTimeMillis()));
        }
        deal();
    }

    /** The member has unsubscribed: it is dealt nothing more, and keeps what it has [MQTT5-3.10.4-4]. */
    void leave(SessionRunner member) {
        dealer.left(member, deal -> true);
        Set<GroupDeal> deals = held.remove(member);
        if (deals != null) {
            kept.computeIfAbsent(member, m -> new LinkedHashSet<>()).addAll(deals);
        }
        forget(member);
    }

    /** The member's connection has ended: what it didn't acknowledge goes to others. */
    void gone(SessionRunner member) {
        dealer.left(member, deal -> false); // they wait again, in their old places
        held.remove(member);
        Set<GroupDeal> deals = kept.remove(member);
        if (deals != null) {
            deals.forEach(dealer::offer);
        }
        forget(member);
        deal();
    }

    private void forget(SessionRunner member) {
        members.remove(member);
        turns.remove(member);
        if (members.isEmpty()) {
            on(new Event.Writable(false, System.currentTimeMillis()));
        }
    }

    /** Whether no member is here, nor has anything that is still the group's. */
    boolean isDeserted() {
        return members.isEmpty() && held.isEmpty() && kept.isEmpty() && taken.isEmpty();
    }

    /** Whether there is nothing left to deal. */
    boolean isIdle() {
        return held.isEmpty()
                && kept.isEmpty()
                && dealer.waiting() == 0
                && session.load().queued() == 0;
    }

    /** Takes no more messages; deals those that it has. */
    void stopFollowing() {
        broker.router().liveRoutes().remove(shard, this, identity.subscription().filter());
    }

    // --- dealing

    private void deal() {
        for (GroupDealer.Deal<SessionRunner, GroupDeal> dealt : dealer.deal()) {
            give(dealt.message(), dealt.member());
        }
    }

    private void give(GroupDeal deal, SessionRunner member) {
        Subscription subscription = members.get(member);
        if (subscription == null) {
            return;
        }
        deal.member = member;
        held.computeIfAbsent(member, m -> new LinkedHashSet<>()).add(deal);
        member.shard()
                .post(() -> member.deal(new Event.Dealt(
                        deal, deal.logId, deal.filterId, deal.message, subscription, System.currentTimeMillis())));
    }

    /** QoS 0: to the next member, or to nobody. */
    private void giveAtMostOnce(Effect.SendPublish publish) {
        if (turns.isEmpty()) {
            broker.counters().dropped(Effect.Dropped.Reason.NOT_WRITABLE, 1);
            return;
        }
        turn = (turn + 1) % turns.size();
        GroupDeal deal = new GroupDeal(this, 0, 0, 0, publish.message());
        SessionRunner member = turns.get(turn);
        Subscription subscription = members.get(member);
        if (subscription != null) {
            member.shard()
                    .post(() -> member.deal(
                            new Event.Dealt(deal, 0, 0, publish.message(), subscription, System.currentTimeMillis())));
        }
    }

    /** The member is done with it; from the member's shard by {@link Shard#post}. */
    void settled(GroupDeal deal) {
        if (release(deal)) {
            on(new Event.PubAckReceived(deal.packetId, ReasonCodes.SUCCESS));
            group.settle();
        }
    }

    /** It is durably the member's. */
    void taken(GroupDeal deal) {
        SessionRunner member = deal.member;
        if (member != null && release(deal)) {
            if (isStored() && !ended) {
                taken.put(deal.packetId, new Taken(deal, member));
                on(new Event.Taken(deal.packetId));
            } else {
                on(new Event.PubAckReceived(deal.packetId, ReasonCodes.SUCCESS));
                letSend(new Taken(deal, member));
            }
        }
    }

    /** The member can't deliver it. */
    void returned(GroupDeal deal) {
        if (release(deal)) {
            dealer.offer(deal);
            deal();
        }
    }

    /** Whether the deal was still with its member. */
    private boolean release(GroupDeal deal) {
        SessionRunner member = deal.member;
        if (member == null || !(remove(held, member, deal) || remove(kept, member, deal))) {
            return false;
        }
        dealer.acked(member, deal);
        deal.member = null;
        return true;
    }

    private static boolean remove(Map<SessionRunner, Set<GroupDeal>> from, SessionRunner member, GroupDeal deal) {
        Set<GroupDeal> deals = from.get(member);
        if (deals == null || !deals.remove(deal)) {
            return false;
        }
        if (deals.isEmpty()) {
            from.remove(member);
        }
        return true;
    }

    // --- the group's own session

    /** Starts it; {@code withMembers} are positions of messages that members took before the last node ended. */
    void start(Set<LogReader.Position> takenByMembers) {
        withMembers = takenByMembers;
        shard.add(this);
        on(new Event.Started(System.currentTimeMillis()));
        on(new Event.Writable(!members.isEmpty(), System.currentTimeMillis()));
    }

    Future<Sessions.Checkpoint> end() {
        raiseWatermark(shard, session);
        ended = true;
        taken.values().forEach(GroupRunner::letSend); // the next runner finds them with their members
        taken.clear();
        shard.remove(this);
        stopFollowing();
        Effect.Checkpoint last = session.checkpointNow();
        var checkpoint = new Sessions.Checkpoint(
                identity.sessionId(), identity.epoch(), last.number(), last.cursor(), last.inflight());
        return checkpointing.transform(older -> Future.succeededFuture(checkpoint));
    }

    @Override
    void on(Event event) {
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
        if (session.hasMore() && !members.isEmpty()) {
            shard.post(() -> on(new Event.Writable(!members.isEmpty(), System.currentTimeMillis())));
        }
    }

    @Override
    void tick(Event tick) {
        raiseWatermark(shard, session);
        on(tick);
    }

    private void perform(Effect effect) {
        switch (effect) {
            case Effect.SendPublish publish -> sendPublish(publish);
            case Effect.TakenDurably(int packetId) -> {
                Taken gone = taken.remove(packetId);
                if (gone != null) {
                    letSend(gone);
                    shard.post(group::settle);
                }
            }
            case Effect.AddRoute add -> broker.router().liveRoutes().add(shard, this, identity.subscription());
            case Effect.AwaitRoutes(long number) ->
                RouteQuestion.ask(broker.router().peers(), shard, number, this::on);
            case Effect.Checkpoint checkpoint -> checkpoint(checkpoint);
            case Effect.Fetch(List<LogReader.Position> positions) ->
                calls.ask(
                        () -> broker.store().log().fetch(positions),
                        messages -> on(new Event.Fetched(messages, System.currentTimeMillis())));
            case Effect.ReadLog(List<LogReader.Range> ranges, int limit) ->
                calls.ask(
                        () -> broker.store().log().read(ranges, limit),
                        page -> on(new Event.PageRead(page, System.currentTimeMillis())));
            case Effect.Dropped(int messages, Effect.Dropped.Reason reason) ->
                broker.counters().dropped(reason, messages);
            case Effect.Disconnect(int reason, String why) -> overflowed(why);
            default -> throw new IllegalStateException("a group's session has no client that sends: " + effect);
        }
    }

    private static void letSend(Taken taken) {
        taken.member().shard().post(() -> taken.member().on(new Event.DealReleased(taken.deal())));
    }

    private void sendPublish(Effect.SendPublish publish) {
        if (publish.packetId() == 0) {
            giveAtMostOnce(publish);
            return;
        }
        LogReader.Position at = session.positionOf(publish.packetId()).orElseThrow();
        if (withMembers.contains(at)) {
            on(new Event.PubAckReceived(publish.packetId(), ReasonCodes.SUCCESS));
        } else {
            dealer.offer(new GroupDeal(this, publish.packetId(), at.id(), at.filterId(), publish.message()));
        }
    }

    /** Only a group that is not stored can: its members take too little, and nothing but memory holds their messages. */
    private void overflowed(String why) {
        LOG.warn("group={} dropped its messages: {}", identity.key(), why);
        broker.counters()
                .dropped(Effect.Dropped.Reason.QUEUE_FULL, session.load().queued());
        group.failed(this);
    }

    private void checkpoint(Effect.Checkpoint effect) {
        var checkpoint = new Sessions.Checkpoint(
                identity.sessionId(), identity.epoch(), effect.number(), effect.cursor(), effect.inflight());
        calls.ask(
                () -> {
                    Future<Boolean> ours = broker.store().sessions().checkpoint(checkpoint, effect.durable());
                    checkpointing = ours;
                    return ours;
                },
                ours -> {
                    if (ours) {
                        on(new Event.CheckpointDone(effect.number(), true, System.currentTimeMillis()));
                    } else {
                        group.failed(this);
                    }
                });
    }

    private void failedForGood(Throwable failure) {
        LOG.error("group={} the store failed for good", identity.key(), failure);
        group.failed(this);
    }
}
