package io.tuskmq.node.session;

import io.tuskmq.node.rules.Subscription;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The shared subscriptions that have members here or are coordinated here, by {@code $share/group/filter}. May be called from any
 * thread: each {@link Group} does its work on its own shard.
 */
public final class Groups {
    private final Claims claims;
    private final long incarnation;
    private final GroupPeers peers;
    private final Map<String, Group> groups = new ConcurrentHashMap<>();
    private final AtomicLong joins = new AtomicLong();
    private final Map<Long, AwayJoin> away = new ConcurrentHashMap<>();
    private final Map<RemoteMember.Key, Guest> guests = new ConcurrentHashMap<>();
    private final GroupArrivals arrivals = new GroupArrivals();
    private volatile @Nullable Serving serving;
    private volatile boolean stopping;

    /** A member of another node and its group. */
    private record Guest(RemoteMember member, Group group) {}

    private record Serving(Broker broker, Vertx vertx, Shards shards) {}

    public Groups(Claims claims, long incarnation, GroupPeers peers) {
        this.claims = claims;
        this.incarnation = incarnation;
        this.peers = peers;
    }

    /** Coordinates groups for other nodes from now on. */
    public void serve(Broker broker, Vertx vertx, Shards shards) {
        serving = new Serving(broker, vertx, shards);
    }

    static String key(String share, String filter) {
        return "$share/" + share + "/" + filter;
    }

    static String key(Subscription subscription) {
        return key(subscription.share(), subscription.filter());
    }

    /**
     * The member takes part, or has changed its subscription. Completes when the group deals to it and all nodes know the group (or have had the time
     * for it that a SUBACK may take). Never completes for a member that is gone meanwhile.
     */
    Future<Void> join(SessionRunner member, Subscription subscription) {
        Promise<Void> joined = Promise.promise();
        inOrNew(member, subscription, group -> group.join(member, subscription, joined));
        return joined.future();
    }

    private void inOrNew(SessionRunner member, Subscription subscription, Consumer<Group> work) {
        inOrNew(
                key(subscription),
                () -> new Group(around(member.broker()), member.shard(), subscription.share(), subscription.filter()),
                work);
    }

    private Group.Around around(Broker broker) {
        return new Group.Around(broker, claims, incarnation, peers, this);
    }

    /** Does the work on the group's shard; a group that has closed meanwhile is followed by another. */
    private void inOrNew(String key, Supplier<Group> fresh, Consumer<Group> work) {
        Group group = groups.computeIfAbsent(key, k -> fresh.get());
        group.shard().post(() -> {
            if (group.isClosed()) {
                inOrNew(key, fresh, work);
            } else {
                work.accept(group);
            }
        });
    }

    private void in(String key, Consumer<Group> work) {
        Group group = groups.get(key);
        if (group != null) {
            group.shard().post(() -> {
                if (group.isClosed()) {
                    in(key, work);
                } else {
                    work.accept(group);
                }
            });
        }
    }

    void closed(String key, Group group) {
        groups.remove(key, group);
    }

    /**
     * Opens the groups of a stored member's subscriptions; they stay open until it joins them or is gone. Completes when all of them
     * follow the log: SUBACK waits for that (I7). Never completes for a member that is gone meanwhile.
     */
    Future<Void> open(SessionRunner member, List<Subscription> subscriptions) {
        List<Future<Void>> open = new ArrayList<>();
        for (Subscription subscription : subscriptions) {
            Promise<Void> opened = Promise.promise();
            inOrNew(member, subscription, group -> group.expect(member, opened));
            open.add(opened.future());
        }
        return Future.all(open).mapEmpty();
    }

    /** The member has unsubscribed. */
    void leave(SessionRunner member, Subscription subscription) {
        in(key(subscription), group -> group.leave(member));
    }

    /** The member's connection has ended; {@code keys} are the groups that it ever joined. {@link #finished} or {@link #lost} follows. */
    void gone(SessionRunner member, Iterable<String> keys) {
        keys.forEach(key -> in(key, group -> group.gone(member)));
    }

    /** All that the member took has been said. */
    void finished(SessionRunner member, Iterable<String> keys) {
        keys.forEach(key -> in(key, group -> group.finished(member)));
    }

    /** It is not known what the member took last. */
    void lost(SessionRunner member, Iterable<String> keys) {
        keys.forEach(key -> in(key, group -> group.lost(member)));
    }

    // --- groups that other nodes coordinate

    AwayJoin newJoin(long at, Group group, SessionRunner member) {
        AwayJoin join = new AwayJoin(joins.incrementAndGet(), at, group, member, peers);
        away.put(join.number, join);
        return join;
    }

    void forget(AwayJoin join) {
        away.remove(join.number);
    }

    // --- what other nodes say

    /** A session of another node wants to be a member. Completes with 0, or with the node that coordinates the group. */
    public Future<Long> join(long from, GroupFrame.Join join) {
        Serving now = serving;
        if (now == null || stopping) {
            return Future.failedFuture("this node does not coordinate groups");
        }
        Promise<Long> answer = Promise.promise();
        RemoteMember.Key member = new RemoteMember.Key(from, join.join());
        arrivals.begins(member);
        inOrNew(
                key(join.share(), join.filter()),
                () -> new Group(around(now.broker()), anyShard(now, join), join.share(), join.filter()),
                group -> {
                    Guest guest =
                            guests.computeIfAbsent(member, key -> new Guest(new RemoteMember(key, peers, join), group));
                    guest.group().ask(guest.member(), join.qos(), answer);
                    arrivals.ends(member, frame -> ofGuest(member, frame));
                });
        return answer.future();
    }

    private static Shard anyShard(Serving now, GroupFrame.Join join) {
        List<Shard> all = now.shards().all();
        return all.isEmpty()
                ? now.shards().of(now.vertx().getOrCreateContext())
                : all.get(Math.floorMod(join.filter().hashCode(), all.size()));
    }

    void forget(RemoteMember member) {
        member.end();
        guests.remove(member.key());
    }

    public void told(long from, GroupFrame frame) {
        switch (frame) {
            case GroupFrame.Dealt dealt -> dealt(from, dealt);
            case GroupFrame.Over over -> {
                AwayJoin join = away.get(over.join());
                if (join != null) {
                    join.group.shard().post(() -> join.group.over(join));
                }
            }
            case GroupFrame.Outcome outcome -> ofArriving(from, outcome);
            case GroupFrame.Parting parting -> ofArriving(from, parting);
            case GroupFrame.Join join -> throw new IllegalArgumentException("a join is asked for, not told");
        }
    }

    private void dealt(long from, GroupFrame.Dealt dealt) {
        AwayJoin join = away.get(dealt.join());
        if (join == null || join.at != from) {
            peers.tell(from, new GroupFrame.Parting(dealt.join(), GroupFrame.Parting.How.LOST));
        } else {
            join.dealt(dealt);
        }
    }

    private void ofArriving(long from, GroupFrame frame) {
        RemoteMember.Key member = new RemoteMember.Key(from, frame.join());
        if (!arrivals.holds(member, frame)) {
            ofGuest(member, frame);
        }
    }

    private void ofGuest(RemoteMember.Key member, GroupFrame frame) {
        Guest guest = guests.get(member);
        if (guest != null) {
            guest.group.shard().post(() -> guest.group.guests.said(guest.group, guest.member, frame));
        }
    }

    /** Groups that have members here or are coordinated here. */
    int count() {
        return groups.size();
    }

    /** The link to the node has broken in one direction or both, or the node is gone: what it says later is said by new members. */
    public void lost(long node) {
        for (Guest guest : guests.values()) {
            if (guest.member.key().node() == node) {
                guest.group.shard().post(() -> guest.group.lost(guest.member));
            }
        }
        arrivals.lost(node);
        for (Group group : groups.values()) {
            group.shard().post(() -> group.lostCoordinator(node));
        }
    }

    /** This node stops: gives all stored groups back, whose members here have gone; others find another coordinator. */
    public Future<Void> closeAll() {
        stopping = true;
        List<Future<Void>> closed = new ArrayList<>();
        for (Group group : groups.values()) {
            Promise<Void> done = Promise.promise();
            group.shard().post(() -> group.stop(done));
            closed.add(done.future());
        }
        return Future.join(closed).mapEmpty();
    }
}
