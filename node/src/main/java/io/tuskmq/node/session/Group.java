package io.tuskmq.node.session;

import io.tuskmq.node.rules.Subscription;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One shared subscription while it has members here, or this node coordinates it: finds out which node coordinates it, opens its session
 * here or joins its members there, and gives the session back after the last member went. With a stored member of QoS 1 or 2 the
 * session is stored, and its cursor stays while all members are away; a group of others lives in memory. Belongs to one shard.
 */
final class Group {
    private static final Logger LOG = LoggerFactory.getLogger(Group.class);
    private static final long RETRY_MILLIS = 500;
    private static final long REDIRECT_MILLIS = 20;
    /** How often a group in memory looks whether another node should have it. */
    private static final long RECHECK_MILLIS = 5_000;

    /** What a group works with. */
    record Around(Broker broker, Claims claims, long incarnation, GroupPeers peers, Groups groups) {}

    private final Around around;
    private final Shard shard;
    private final String key;
    private final String share;
    private final String filter;
    private final GroupOpening opening;

    final GroupMembers members = new GroupMembers();
    final GroupGuests guests;
    private final List<Promise<Void>> waitingForClosed = new ArrayList<>();
    /** Groups in memory that a stored one has followed: they deal what they still have. */
    private final List<GroupRunner> draining = new ArrayList<>();

    /** This node coordinates the group. */
    private @Nullable GroupRunner current;
    /** Another one does. */
    private @Nullable GroupAway away;
    /** By the store, this node may have the group although nobody deals here: it is to be opened once more, to give it back. */
    private boolean unreleased;

    private boolean changing;
    private boolean stopping;
    private boolean closed;

    Group(Around around, Shard shard, String share, String filter) {
        this.around = around;
        this.shard = shard;
        this.key = Groups.key(share, filter);
        this.share = share;
        this.filter = filter;
        this.guests = new GroupGuests(around.groups(), around.peers());
        this.opening = new GroupOpening(
                around.broker().store().sessions(), around.claims(), around.incarnation(), key, filter);
    }

    Shard shard() {
        return shard;
    }

    String share() {
        return share;
    }

    String filter() {
        return filter;
    }

    boolean isClosed() {
        return closed;
    }

    /** Completes the promise when the group is a stored session. */
    void expect(SessionRunner member, Promise<Void> stored) {
        if (!member.isEnded()) {
            members.expect(member, stored);
            if (away != null) {
                away.expect(member, stored);
            }
        }
        settle();
    }

    /** Completes the promise when it is dealt to. */
    void join(SessionRunner member, Subscription subscription, Promise<Void> joined) {
        members.joins(member, joined);
        if (member.isEnded()) {
            members.remove(member);
        } else if (away != null) {
            members.add(member, subscription);
            away.join(member, subscription);
        } else {
            joinHere(member, subscription);
        }
        settle();
    }

    private void joinHere(Member member, Subscription subscription) {
        members.add(member, subscription);
        if (current != null) {
            current.join(member, subscription);
        }
    }

    /** It has unsubscribed. */
    void leave(Member member) {
        members.leave(member);
        change(there -> there.leave(member), runner -> runner.leave(member));
    }

    /** Its connection has ended; {@link #finished} or {@link #lost} follows. */
    void gone(Member member) {
        members.remove(member);
        change(there -> there.gone(member), runner -> runner.gone(member));
    }

    /** It is known what it took, and was said. */
    void finished(Member member) {
        guests.forget(member);
        change(there -> there.finished(member), runner -> runner.finished(member));
    }

    /** Nobody knows what it took. */
    void lost(Member member) {
        members.remove(member);
        guests.forget(member);
        change(there -> there.lost(member), runner -> runner.lost(member));
    }

    private void change(Consumer<GroupAway> there, Consumer<GroupRunner> here) {
        if (away != null) {
            there.accept(away);
        }
        if (current != null) {
            here.accept(current);
        }
        draining.forEach(here);
        settle();
    }

    /** @param answer 0 when it takes part here, else the node that coordinates the group */
    void ask(RemoteMember member, int qos, Promise<Long> answer) {
        if (stopping) {
            around.groups().forget(member);
            answer.fail("this node is stopping");
        } else if (away != null) {
            around.groups().forget(member);
            answer.complete(away.at());
        } else {
            guests.asks(member, answer);
            if (qos == GroupFrame.Join.EXPECTED) {
                members.expect(member, Promise.promise());
            } else {
                joinHere(member, GroupOpening.ofMember(share, filter, qos));
            }
            settle();
        }
    }

    /** Members of other nodes must look elsewhere: {@code at}, or 0 when this is not known. */
    private void turnAway(long at) {
        guests.turnAway(members.all(), at).forEach(members::remove);
    }

    // --- who coordinates

    private boolean isWanted() {
        return members.any(member -> !stopping || member instanceof SessionRunner);
    }

    /** Brings the group's session to what its members need. Called after each change. */
    void settle() {
        draining.removeIf(runner -> {
            if (runner.isIdle() || runner.isDeserted()) {
                runner.end();
                return true;
            }
            return false;
        });
        if (changing || closed) {
            return;
        }
        GroupRunner runner = current;
        if (away != null) {
            if (!isWanted() && away.isDeserted()) {
                away.end();
                away = null;
                close();
            }
        } else if (runner == null) {
            if (isWanted()) {
                look(true);
            } else if (unreleased) {
                open(true);
            } else {
                close();
            }
        } else if (!isWanted() && (stopping || runner.isDeserted())) {
            end(runner);
        } else if (members.needStore() && !runner.isStored()) {
            open(true); // the one in memory goes on until the other one follows
        } else {
            if (runner.isStored()) {
                members.stored();
            }
            members.joined(runner);
            guests.answer(runner, members);
        }
    }

    private void close() {
        closed = true;
        turnAway(0);
        around.groups().closed(key, this);
        waitingForClosed.forEach(Promise::tryComplete);
    }

    /** Opens it here, or goes to the node that has it. */
    private void look(boolean useHint) {
        changing = true;
        around.peers()
                .hint(key)
                .onSuccess(hint -> shard.post(() -> {
                    changing = false;
                    if (!isWanted()) {
                        settle();
                    } else if (useHint && around.peers().isReachable(hint)) {
                        goTo(hint);
                    } else {
                        open(members.needStore());
                    }
                }));
    }

    private void goTo(long at) {
        turnAway(at);
        GroupAway there = new GroupAway(this, around.groups(), around.peers(), at);
        away = there;
        there.joinAll(members);
        settle();
    }

    /** The other node does not coordinate it, or can't be reached. {@code elsewhere}: who does, by its word; 0 = nobody knows. */
    void awayEnded(GroupAway there, long elsewhere) {
        if (away == there) {
            goBack(there, elsewhere == 0 ? RETRY_MILLIS : REDIRECT_MILLIS, elsewhere);
        }
    }

    private void retry(long millis, long elsewhere) {
        changing = true;
        shard.postAfter(millis, () -> {
            changing = false;
            if (!isWanted() || current != null) {
                settle();
            } else if (elsewhere != 0 && around.peers().isReachable(elsewhere)) {
                goTo(elsewhere);
            } else {
                look(!members.needStore()); // of a stored one the claim tells who has it
            }
        });
    }

    /** The link to the node broke, or it is gone. */
    void lostCoordinator(long incarnation) {
        GroupAway there = away;
        if (there != null && there.at() == incarnation) {
            goBack(there, REDIRECT_MILLIS, 0);
        }
    }

    private void goBack(GroupAway from, long millis, long elsewhere) {
        from.end();
        away = null;
        retry(millis, elsewhere);
    }

    /** The coordinator has turned the join away. */
    void over(AwayJoin join) {
        GroupAway there = away;
        if (there != null && there.over(join)) {
            goBack(there, REDIRECT_MILLIS, 0);
        }
        settle();
    }

    private void open(boolean stored) {
        changing = true;
        Optional.ofNullable(current).ifPresent(GroupRunner::expectFollower);
        Future<GroupOpening.Result> opened = stored ? opening.stored() : opening.asNeeded();
        opened.onComplete(
                result -> shard.post(() -> {
                    changing = false;
                    switch (result) {
                        case GroupOpening.Opened ready -> start(ready);
                        case GroupOpening.Elsewhere(long incarnation) -> ownedElsewhere(incarnation);
                    }
                }),
                failure -> shard.post(() -> {
                    LOG.warn("group={} can't be opened for now: {}", key, failure.getMessage());
                    retry(RETRY_MILLIS, 0);
                }));
    }

    private void ownedElsewhere(long incarnation) {
        if (around.peers().isReachable(incarnation)) {
            leaveFor(incarnation);
        } else {
            LOG.info("group={} waits for node {}, which has it and can't be reached", key, incarnation);
            retry(RETRY_MILLIS, 0);
        }
    }

    private void leaveFor(long at) {
        Optional.ofNullable(current).ifPresent(GroupRunner::end);
        current = null;
        unreleased = false;
        goTo(at);
    }

    private void start(GroupOpening.Opened opened) {
        GroupRunner runner = new GroupRunner(around.broker(), this, opening, opened);
        GroupRunner before = current;
        current = runner;
        unreleased = false;
        if (before != null) {
            runner.follow(before);
            draining.add(before);
        }
        members.forEach((member, subscription) -> runner.join(member, subscription));
        runner.start(opened.taken());
        if (!runner.isStored()) {
            recheck(runner);
        }
        settle();
    }

    /** After a split of the cluster two nodes may coordinate a group in memory, or another one has opened it as a stored session. */
    private void recheck(GroupRunner inMemory) {
        shard.postAfter(
                RECHECK_MILLIS,
                () -> Future.all(
                                opening.isStored().otherwise(false),
                                around.peers().hint(key))
                        .onSuccess(both -> shard.post(() -> recheck(inMemory, both.resultAt(0), both.resultAt(1)))));
    }

    private void recheck(GroupRunner inMemory, boolean stored, long hint) {
        if (current != inMemory || stopping) {
            return;
        }
        if (!changing && stored) {
            open(true); // the claim tells who has it
        } else if (!changing && around.peers().isReachable(hint)) {
            leaveFor(hint);
            return;
        }
        recheck(inMemory);
    }

    private void end(GroupRunner runner) {
        changing = true;
        current = null;
        runner.end()
                .compose(checkpoint -> runner.isStored() ? opening.release(checkpoint) : Future.succeededFuture(true))
                .onComplete(done -> shard.post(() -> {
                    changing = false;
                    around.peers().leaveGroup(key);
                    if (stopping) {
                        turnAway(0);
                    }
                    settle();
                }));
    }

    /** The runner can't go on: its session is lost or its memory is full. Another one begins where the store stands. */
    void failed(GroupRunner runner) {
        if (current == runner) {
            current = null;
            runner.end();
            unreleased |= runner.isStored();
            settle();
        }
    }

    /** This node stops, and its own members have gone: members of other nodes go elsewhere when the session is released. */
    void stop(Promise<Void> done) {
        stopping = true;
        waitingForClosed.add(done);
        guests.refuse("this node is stopping");
        settle();
    }
}
