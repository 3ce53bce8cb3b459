package io.tuskmq.node.session;

import io.tuskmq.node.rules.Subscription;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * The shared subscriptions that have members here, by {@code $share/group/filter}. May be called from any event loop: each {@link
 * Group} does its work on its own shard.
 */
public final class Groups {
    private final Claims claims;
    private final long incarnation;
    private final Map<String, Group> groups = new ConcurrentHashMap<>();

    public Groups(Claims claims, long incarnation) {
        this.claims = claims;
        this.incarnation = incarnation;
    }

    static String key(Subscription subscription) {
        return "$share/" + subscription.share() + "/" + subscription.filter();
    }

    /** The member takes part, or has changed its subscription. */
    void join(SessionRunner member, Subscription subscription) {
        inOrNew(member, subscription, group -> group.join(member, subscription));
    }

    /** Does the work on the group's shard; a group that has closed meanwhile is followed by another. */
    private void inOrNew(SessionRunner member, Subscription subscription, Consumer<Group> work) {
        String key = key(subscription);
        Group group = groups.computeIfAbsent(key, k -> {
            var around = new Group.Around(member.broker(), claims, incarnation, closed -> groups.remove(k, closed));
            return new Group(around, member.shard(), subscription);
        });
        group.shard().post(() -> {
            if (group.isClosed()) {
                inOrNew(member, subscription, work);
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

    /** The member's connection has ended; {@code keys} are the groups that it ever joined. */
    void gone(SessionRunner member, Iterable<String> keys) {
        for (String key : keys) {
            in(key, group -> group.gone(member));
        }
    }

    /** The member is done with what it was dealt. */
    void settled(GroupDeal deal) {
        deal.group.shard().post(() -> deal.group.settled(deal));
    }

    /** What it was dealt is durably the member's. */
    void taken(GroupDeal deal) {
        deal.group.shard().post(() -> deal.group.taken(deal));
    }

    /** The member can't deliver what it was dealt. */
    void returned(GroupDeal deal) {
        deal.group.shard().post(() -> deal.group.returned(deal));
    }

    /** Gives all stored groups back; their members have gone. */
    public Future<Void> closeAll() {
        List<Future<Void>> closed = new ArrayList<>();
        for (Group group : groups.values()) {
            Promise<Void> done = Promise.promise();
            group.shard().post(() -> group.whenClosed(done));
            closed.add(done.future());
        }
        return Future.join(closed).mapEmpty();
    }
}
