package io.tuskmq.node.session;

import io.tuskmq.node.rules.Subscription;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

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
        String key = key(subscription);
        Group group = groups.computeIfAbsent(
                key, k -> new Group(member.broker(), member.shard(), subscription, claims, incarnation));
        group.shard().post(() -> {
            if (group.isClosed()) {
                groups.remove(key, group);
                join(member, subscription);
            } else {
                group.join(member, subscription);
            }
        });
    }

    /** Completes when the groups of those subscriptions that are shared and stored follow the log: SUBACK waits for that (I7). */
    Future<Void> opened(List<Subscription> subscriptions) {
        List<Future<Void>> open = new ArrayList<>(0);
        for (Subscription subscription : subscriptions) {
            Group group = groups.get(key(subscription));
            if (subscription.shared() && subscription.qos() > 0 && group != null) {
                Promise<Void> opened = Promise.promise();
                group.shard().post(() -> group.whenStored(opened));
                open.add(opened.future());
            }
        }
        return open.isEmpty() ? Future.succeededFuture() : Future.all(open).mapEmpty();
    }

    /** The member has unsubscribed. */
    void leave(SessionRunner member, Subscription subscription) {
        Group group = groups.get(key(subscription));
        if (group != null) {
            group.shard().post(() -> group.leave(member));
        }
    }

    /** The member's connection has ended; {@code keys} are the groups that it ever joined. */
    void gone(SessionRunner member, Iterable<String> keys) {
        for (String key : keys) {
            Group group = groups.get(key);
            if (group != null) {
                group.shard().post(() -> {
                    group.gone(member);
                    if (group.isClosed()) {
                        groups.remove(key, group);
                    }
                });
            }
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
