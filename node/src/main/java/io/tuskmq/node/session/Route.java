package io.tuskmq.node.session;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.node.rules.Subscription;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one topic filter leads to: the persistent filter's id, if it is one, the live subscriptions of each shard, and the other nodes
 * with live subscriptions. Changes of one route come one after the other; publishers read the id and the masks from any thread; a shard's
 * subscribers are touched by that shard only. There may be a million of them, so each is small.
 */
final class Route {
    /** A live subscription; {@code alone} is the list of just it, made once. */
    record Subscriber(Receiver receiver, Subscription subscription, List<Subscription> alone) {}

    private static final Subscriber[] NONE = {};
    private static final OfShard[] NOWHERE = {};

    /** Of the shards that have any; replaced, never changed. */
    private volatile OfShard[] shards = NOWHERE;

    private volatile long directShards;
    private volatile long loggedShards;
    private volatile long directNodes;
    private volatile long loggedNodes;
    private volatile long filterId;

    /** 0 when no persistent session subscribes to it. */
    long filterId() {
        return filterId;
    }

    void filterId(long id) {
        this.filterId = id;
    }

    /** Bits of the shards with subscriptions that are served at once, whatever the QoS. */
    long directShards() {
        return directShards;
    }

    /** Bits of the shards with subscriptions whose QoS 1 and 2 messages come after the commit. */
    long loggedShards() {
        return loggedShards;
    }

    /** Bits of the nodes with subscribers that are served at once. */
    long directNodes() {
        return directNodes;
    }

    /** Bits of the nodes with stored sessions that follow the log. */
    long loggedNodes() {
        return loggedNodes;
    }

    /** What another node has here: {@link Cluster#DIRECT}, {@link Cluster#LOGGED}. */
    void node(int slot, int flags) {
        directNodes = marked(directNodes, 1L << slot, (flags & Cluster.DIRECT) != 0);
        loggedNodes = marked(loggedNodes, 1L << slot, (flags & Cluster.LOGGED) != 0);
    }

    /** What this node has here, as it is told to others. */
    int flags() {
        return (directShards != 0 ? Cluster.DIRECT : 0) | (loggedShards != 0 ? Cluster.LOGGED : 0);
    }

    /** What another node has here. */
    int flagsOf(int slot) {
        return ((directNodes >>> slot & 1) != 0 ? Cluster.DIRECT : 0)
                | ((loggedNodes >>> slot & 1) != 0 ? Cluster.LOGGED : 0);
    }

    boolean isUnused() {
        return filterId == 0 && directShards == 0 && loggedShards == 0 && directNodes == 0 && loggedNodes == 0;
    }

    /** A snapshot, never changed: a delivery may end a session and so remove a subscription. */
    Subscriber[] subscribers(Shard shard) {
        OfShard mine = of(shard);
        return mine == null ? NONE : mine.snapshot();
    }

    private @Nullable OfShard of(Shard shard) {
        for (OfShard each : shards) {
            if (each.shard.equals(shard)) {
                return each;
            }
        }
        return null;
    }

    /** Adds the subscription, or replaces the receiver's earlier one. */
    void put(Shard shard, Receiver receiver, Subscription subscription) {
        OfShard mine = of(shard);
        if (mine == null) {
            mine = new OfShard(shard);
            OfShard[] more = Arrays.copyOf(shards, shards.length + 1);
            more[shards.length] = mine;
            shards = more;
        }
        mine.put(receiver, new Subscriber(receiver, subscription, List.of(subscription)));
        mark(shard, mine);
    }

    void remove(Shard shard, Receiver receiver) {
        OfShard mine = of(shard);
        if (mine != null) {
            mine.remove(receiver);
            mark(shard, mine);
            if (mine.byReceiver.isEmpty()) {
                shards =
                        Arrays.stream(shards).filter(each -> !each.equals(mine)).toArray(OfShard[]::new);
            }
        }
    }

    private void mark(Shard shard, OfShard mine) {
        directShards = marked(directShards, shard.bit(), mine.byReceiver.size() > mine.logged);
        loggedShards = marked(loggedShards, shard.bit(), mine.logged > 0);
    }

    private static long marked(long mask, long bit, boolean on) {
        return on ? mask | bit : mask & ~bit;
    }

    /** One shard's subscribers, in the order they came. */
    private static final class OfShard {
        private final Shard shard;
        private final Map<Receiver, Subscriber> byReceiver = new LinkedHashMap<>(2);
        private Subscriber @Nullable [] snapshot;
        private int logged;

        OfShard(Shard shard) {
            this.shard = shard;
        }

        void put(Receiver receiver, Subscriber subscriber) {
            remove(receiver);
            byReceiver.put(receiver, subscriber);
            logged += subscriber.subscription().logged() ? 1 : 0;
        }

        void remove(Receiver receiver) {
            Subscriber gone = byReceiver.remove(receiver);
            logged -= gone != null && gone.subscription().logged() ? 1 : 0;
            snapshot = null;
        }

        Subscriber[] snapshot() {
            Subscriber[] all = snapshot;
            if (all == null) {
                all = byReceiver.values().toArray(NONE);
                snapshot = all;
            }
            return all;
        }
    }
}
