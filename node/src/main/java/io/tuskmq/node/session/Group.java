package io.tuskmq.node.session;

import io.tuskmq.node.rules.Session;
import io.tuskmq.node.rules.SessionStart;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.LogReader;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One shared subscription while it has members here: opens its session when the first one comes, gives it back after the last one
 * went. With a stored member of QoS 1 or 2 the session is stored, and its cursor stays while all members are away; a group of others
 * lives in memory. Belongs to one shard.
 */
final class Group {
    private static final Logger LOG = LoggerFactory.getLogger(Group.class);
    private static final long RETRY_MILLIS = 500;
    private static final String PRINCIPAL = "$share";
    private static final int DO_NOT_SEND_RETAINED = 2;

    /** What a group works with; {@code closed} is told when it has ended. */
    record Around(Broker broker, Claims claims, long incarnation, Consumer<Group> closed) {}

    private final Around around;
    private final Shard shard;
    private final String key;
    private final String share;
    private final String filter;

    private final Map<SessionRunner, Subscription> members = new LinkedHashMap<>();
    /** Stored members that are being subscribed, and what completes when the group is a stored session. */
    private final Map<SessionRunner, Promise<Void>> expected = new LinkedHashMap<>();

    private final List<Promise<Void>> waitingForClosed = new ArrayList<>();
    /** Groups in memory that a stored one has followed: they deal what they still have. */
    private final List<GroupRunner> draining = new ArrayList<>();

    private @Nullable GroupRunner current;
    private boolean changing;
    private boolean closed;

    Group(Around around, Shard shard, Subscription subscription) {
        this.around = around;
        this.shard = shard;
        this.key = Groups.key(subscription);
        this.share = subscription.share();
        this.filter = subscription.filter();
    }

    Shard shard() {
        return shard;
    }

    boolean isClosed() {
        return closed;
    }

    /** Completes the promise when the group is a stored session. */
    void expect(SessionRunner member, Promise<Void> stored) {
        if (!member.isEnded()) {
            expected.put(member, stored);
        }
        settle();
    }

    void join(SessionRunner member, Subscription subscription) {
        expected.remove(member);
        if (!member.isEnded()) {
            members.put(member, subscription);
            if (current != null) {
                joinTo(current, member, subscription);
            }
        }
        settle();
    }

    /** A stored member takes QoS 2 messages over durably: only a stored group can give them. */
    private static void joinTo(GroupRunner runner, SessionRunner member, Subscription subscription) {
        if (runner.isStored() || !isStored(member, subscription)) {
            runner.join(member, subscription);
        }
    }

    private static boolean isStored(SessionRunner member, Subscription subscription) {
        return member.isStored() && subscription.qos() > 0;
    }

    void leave(SessionRunner member) {
        members.remove(member);
        runners().forEach(runner -> runner.leave(member));
        settle();
    }

    void gone(SessionRunner member) {
        expected.remove(member);
        members.remove(member);
        runners().forEach(runner -> runner.gone(member));
        settle();
    }

    void whenClosed(Promise<Void> done) {
        waitingForClosed.add(done);
        settle();
    }

    private List<GroupRunner> runners() {
        List<GroupRunner> runners = new ArrayList<>(draining);
        if (current != null) {
            runners.add(current);
        }
        return runners;
    }

    private boolean mustBeStored() {
        return !expected.isEmpty()
                || members.entrySet().stream().anyMatch(member -> isStored(member.getKey(), member.getValue()));
    }

    /** Brings the group's session to what its members need. Called after each change. */
    void settle() {
        draining.removeIf(runner -> {
            if (runner.isIdle() || members.isEmpty()) {
                runner.end();
                return true;
            }
            return false;
        });
        if (changing || closed) {
            return;
        }
        GroupRunner runner = current;
        boolean wanted = !members.isEmpty() || !expected.isEmpty();
        if (runner == null) {
            if (wanted) {
                open(mustBeStored());
            } else {
                closed = true;
                around.closed().accept(this);
                waitingForClosed.forEach(Promise::tryComplete);
            }
        } else if (!wanted && runner.isDeserted()) {
            close(runner);
        } else if (mustBeStored() && !runner.isStored()) {
            open(true); // the one in memory goes on until the other one follows
        } else if (runner.isStored()) {
            expected.values().forEach(Promise::tryComplete);
        }
    }

    // --- opening

    private record Opened(GroupRunner.Identity identity, Sessions.SessionState state, Set<LogReader.Position> taken) {}

    private void open(boolean stored) {
        changing = true;
        Future<Opened> opened = stored ? openStored() : Future.succeededFuture(inMemory());
        opened.onComplete(ready -> shard.post(() -> start(ready)), failure -> {
            LOG.warn("group={} can't be opened for now: {}", key, failure.getMessage());
            shard.context()
                    .owner()
                    .setTimer(
                            RETRY_MILLIS,
                            timer -> shard.post(() -> {
                                changing = false;
                                settle();
                            }));
        });
    }

    private void start(Opened opened) {
        changing = false;
        GroupRunner runner = new GroupRunner(around.broker(), this, opened.identity(), opened.state());
        GroupRunner before = current;
        current = runner;
        members.forEach((member, subscription) -> joinTo(runner, member, subscription));
        runner.start(opened.taken());
        if (before != null) {
            // What it got since the other one's start comes from both: QoS 1 may.
            before.stopFollowing();
            draining.add(before);
        }
        settle();
    }

    private Opened inMemory() {
        Subscription subscription =
                new Subscription(filter, "", 1, false, true, DO_NOT_SEND_RETAINED, 0, 0, new LaneVector());
        return new Opened(
                new GroupRunner.Identity(key, 0, 0, subscription),
                new Sessions.SessionState(new LaneVector(), new byte[0], List.of(), List.of()),
                Set.of());
    }

    private Future<Opened> openStored() {
        var claim = new Sessions.Claim(
                key,
                PRINCIPAL,
                around.incarnation(),
                around.claims().newToken(around.incarnation()),
                false,
                Sessions.NEVER_EXPIRES,
                true,
                null);
        return around.claims().claim(claim).compose(claimed -> switch (claimed) {
            case Claimed.Owned owned ->
                subscribed(owned)
                        .compose(subscription -> around.broker()
                                .store()
                                .sessions()
                                .inflightOfMembers(share, filter)
                                .map(inflight -> opened(owned, subscription, inflight)));
            case Claimed.OtherPrincipal other -> Future.failedFuture("a client has the name of the group");
            case Claimed.OwnedElsewhere elsewhere -> Future.failedFuture("another node has the group");
        });
    }

    private Future<Sessions.StoredSubscription> subscribed(Claimed.Owned owned) {
        if (!owned.state().subscriptions().isEmpty()) {
            return Future.succeededFuture(owned.state().subscriptions().getFirst());
        }
        var row = new Sessions.StoredSubscription(
                filter, "", 1, false, true, DO_NOT_SEND_RETAINED, 0, 0, new LaneVector(), null);
        return around.broker()
                .store()
                .sessions()
                .subscribe(owned.sessionId(), owned.epoch(), 1, List.of(row))
                .compose(stored -> stored.isEmpty()
                        ? Future.failedFuture("the group was claimed anew")
                        : Future.succeededFuture(stored.getFirst()));
    }

    private Opened opened(
            Claimed.Owned owned, Sessions.StoredSubscription subscription, List<byte[]> inflightOfMembers) {
        Set<LogReader.Position> taken = new HashSet<>();
        inflightOfMembers.forEach(inflight -> taken.addAll(Session.takenPositions(inflight)));
        return new Opened(
                new GroupRunner.Identity(
                        key, owned.sessionId(), owned.epoch(), SessionStart.subscription(subscription)),
                new Sessions.SessionState(
                        owned.state().cursor(), owned.state().inflight(), List.of(subscription), List.of()),
                taken);
    }

    // --- closing

    private void close(GroupRunner runner) {
        changing = true;
        current = null;
        runner.end()
                .compose(checkpoint -> runner.isStored()
                        ? around.claims()
                                .release(new Sessions.Release(
                                        checkpoint, Sessions.NEVER_EXPIRES, 0, new Sessions.WillAction.Nothing()))
                        : Future.succeededFuture(true))
                .onComplete(done -> shard.post(() -> {
                    changing = false;
                    settle();
                }));
    }

    /** The runner can't go on: its session is lost or its memory is full. Another one begins where the store stands. */
    void failed(GroupRunner runner) {
        if (current == runner) {
            current = null;
            runner.end();
            settle();
        }
    }
}
