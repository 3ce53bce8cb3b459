package io.tuskmq.node.session;

import io.tuskmq.node.rules.Session;
import io.tuskmq.node.rules.SessionLimits;
import io.tuskmq.node.rules.SessionStart;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Claims the session of one group; the claim decides which node coordinates it. */
final class GroupOpening {
    private static final String PRINCIPAL = "$share";
    private static final int DO_NOT_SEND_RETAINED = 2;
    /** No filter has this id: nothing is stored for it. */
    private static final long FORWARDED = -1;

    private final Sessions sessions;
    private final Claims claims;
    private final long incarnation;
    private final String key;
    private final String filter;

    GroupOpening(Sessions sessions, Claims claims, long incarnation, String key, String filter) {
        this.sessions = sessions;
        this.claims = claims;
        this.incarnation = incarnation;
        this.key = key;
        this.filter = filter;
    }

    /** What became of it. */
    sealed interface Result {}

    /** The group is this node's. {@code taken}: log ids of messages that members have. */
    record Opened(GroupRunner.Identity identity, Sessions.SessionState state, Set<Long> taken) implements Result {}

    /** Another node, whose lease is valid, has it. */
    record Elsewhere(long incarnation) implements Result {}

    /** The group was this node's, and is in a new epoch. */
    record Fenced(long epoch, Set<Long> taken) {}

    /** As the coordinator has to know it. */
    static Subscription ofMember(String share, String filter, int qos) {
        return new Subscription(filter, share, qos, false, true, DO_NOT_SEND_RETAINED, 0, 0, new LaneVector());
    }

    /** The rules by which it follows the log, or its routes. */
    static Session session(GroupRunner.Identity identity, Sessions.SessionState state, int inflightMax) {
        SessionLimits d = SessionLimits.DEFAULT;
        var limits = new SessionLimits(
                d.receiveMax(),
                inflightMax,
                d.queueMessagesMax(),
                d.queueBytesMax(),
                d.liveQueueMessagesMax(),
                d.liveQueueBytesMax(),
                d.pageMessages(),
                d.sendBytesMax(),
                d.pendingSubscribesMax(),
                d.subscriptionsMax(),
                d.idleCheckpointMillis());
        var client = new SessionStart.Client(5, inflightMax, 0);
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
        return new Session(limits, identity.sessionId(), start);
    }

    /** For the routes of a group in memory: QoS 1 and 2 come to it after their commit, with their place in the log. */
    static Subscription forwarded(Subscription subscription) {
        return new Subscription(
                subscription.filter(),
                subscription.share(),
                subscription.qos(),
                subscription.noLocal(),
                subscription.retainAsPublished(),
                subscription.retainHandling(),
                subscription.subscriptionId(),
                FORWARDED,
                subscription.start());
    }

    /** In memory when none of its members needs more, and no stored one is left: that one has messages of the same subscription. */
    Future<Result> asNeeded() {
        return isStored().compose(stored -> stored ? stored() : Future.succeededFuture(inMemory()));
    }

    /** Whether the group is a stored session, whoever has it. */
    Future<Boolean> isStored() {
        return sessions.exists(key);
    }

    private Result inMemory() {
        Subscription subscription = ofMember("", filter, 1);
        return new Opened(
                new GroupRunner.Identity(key, 0, 0, subscription),
                new Sessions.SessionState(new LaneVector(), new byte[0], List.of(), List.of()),
                Set.of());
    }

    private Sessions.Claim newClaim() {
        return new Sessions.Claim(
                key, PRINCIPAL, incarnation, claims.newToken(incarnation), false, Sessions.NEVER_EXPIRES, false, null);
    }

    Future<Result> stored() {
        Sessions.Claim claim = newClaim();
        return claims.claim(claim).compose(claimed -> switch (claimed) {
            case Claimed.Owned owned ->
                subscribed(owned)
                        .compose(subscription -> taken(owned).map(taken -> opened(owned, subscription, taken)))
                        // Nobody may want the group any more: while this node has it, it is not swept.
                        .onFailure(failure -> claims.giveBack(claim, owned));
            case Claimed.OtherPrincipal other -> Future.failedFuture("a client has the name of the group");
            case Claimed.OwnedElsewhere(long owner) -> Future.succeededFuture(new Elsewhere(owner));
        });
    }

    /** After the claim: so nothing more can be taken in an earlier epoch. */
    private Future<Set<Long>> taken(Claimed.Owned owned) {
        return sessions.taken(owned.sessionId()).map(HashSet::new);
    }

    private Result opened(Claimed.Owned owned, Sessions.StoredSubscription subscription, Set<Long> taken) {
        return new Opened(
                new GroupRunner.Identity(
                        key, owned.sessionId(), owned.epoch(), SessionStart.subscription(subscription)),
                new Sessions.SessionState(
                        owned.state().cursor(), owned.state().inflight(), List.of(subscription), List.of()),
                taken);
    }

    private Future<Sessions.StoredSubscription> subscribed(Claimed.Owned owned) {
        if (!owned.state().subscriptions().isEmpty()) {
            return Future.succeededFuture(owned.state().subscriptions().getFirst());
        }
        var row = new Sessions.StoredSubscription(
                filter, "", 1, false, true, DO_NOT_SEND_RETAINED, 0, 0, new LaneVector(), null);
        return sessions.subscribe(owned.sessionId(), owned.epoch(), 1, List.of(row))
                .compose(stored -> stored.isEmpty()
                        ? Future.failedFuture("the group was claimed anew")
                        : Future.succeededFuture(stored.getFirst()));
    }

    /** Claims the group that this node has once more. Fails when it has not. */
    Future<Fenced> fence(long sessionId) {
        Sessions.Claim claim = newClaim();
        return claims.claim(claim).compose(claimed -> {
            if (!(claimed instanceof Claimed.Owned owned)) {
                return Future.failedFuture("the group is not this node's any more");
            }
            Future<Fenced> fenced = owned.sessionId() == sessionId
                    ? taken(owned).map(taken -> new Fenced(owned.epoch(), taken))
                    : Future.failedFuture("the group was removed, and is another one");
            return fenced.onFailure(failure -> claims.giveBack(claim, owned));
        });
    }

    Future<Boolean> release(Sessions.Checkpoint checkpoint) {
        return claims.release(
                new Sessions.Release(checkpoint, Sessions.NEVER_EXPIRES, 0, new Sessions.WillAction.Nothing()));
    }
}
