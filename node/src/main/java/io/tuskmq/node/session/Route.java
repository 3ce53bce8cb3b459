package io.tuskmq.node.session;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.node.rules.Subscription;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * What one topic filter leads to: the persistent filter's id, if it is one, the live subscriptions of each shard, and the other nodes
 * with live subscriptions. Publishers read the id and the masks from any thread; a shard's subscribers are touched by that shard only.
 */
final class Route {
    /** A live subscription; {@code alone} is the list of just it, made once. */
    record Subscriber(Receiver receiver, Subscription subscription, List<Subscription> alone) {}

    private static final Subscriber[] NONE = {};

    private final AtomicReferenceArray<@Nullable OfShard> shards;
    private final AtomicLong directShards = new AtomicLong();
    private final AtomicLong loggedShards = new AtomicLong();
    private final AtomicLong directNodes = new AtomicLong();
    private final AtomicLong loggedNodes = new AtomicLong();
    private volatile long filterId;

    Route(int shards) {
        this.shards = new AtomicReferenceArray<>(shards);
    }

    /** 0 when no persistent session subscribes to it. */
    long filterId() {
        return filterId;
    }

    void filterId(long id) {
        this.filterId = id;
    }

    /** Bits of the shards with subscriptions that are served at once, whatever the QoS. */
    long directShards() {
        return directShards.get();
    }

    /** Bits of the shards with subscriptions whose QoS 1 and 2 messages come after the commit. */
    long loggedShards() {
        return loggedShards.get();
    }

    /** Bits of the nodes with subscribers that are served at once. */
    long directNodes() {
        return directNodes.get();
    }

    /** Bits of the nodes with stored sessions that follow the log. */
    long loggedNodes() {
        return loggedNodes.get();
    }

    /** What another node has here: {@link Cluster#DIRECT}, {@link Cluster#LOGGED}. */
    void node(int slot, int flags) {
        mark(directNodes, 1L << slot, (flags & Cluster.DIRECT) != 0);
        mark(loggedNodes, 1L << slot, (flags & Cluster.LOGGED) != 0);
    }

    /** What this node has here, as it is told to others. */
    int flags() {
        return (directShards.get() != 0 ? Cluster.DIRECT : 0) | (loggedShards.get() != 0 ? Cluster.LOGGED : 0);
    }

    /** What another node has here. */
    int flagsOf(int slot) {
        return ((directNodes.get() >>> slot & 1) != 0 ? Cluster.DIRECT : 0)
                | ((loggedNodes.get() >>> slot & 1) != 0 ? Cluster.LOGGED : 0);
    }

    boolean isUnused() {
        return filterId == 0
                && directShards.get() == 0
                && loggedShards.get() == 0
                && directNodes.get() == 0
                && loggedNodes.get() == 0;
    }

    /** A snapshot, never changed: a delivery may end a session and so remove a subscription. */
    Subscriber[] subscribers(Shard shard) {
        OfShard mine = shards.get(shard.index());
        return mine == null ? NONE : mine.snapshot();
    }

    /** Adds the subscription, or replaces the receiver's earlier one. */
    void put(Shard shard, Receiver receiver, Subscription subscription) {
        OfShard mine = shards.get(shard.index());
        if (mine == null) {
            mine = new OfShard();
            shards.set(shard.index(), mine);
        }
        mine.put(receiver, new Subscriber(receiver, subscription, List.of(subscription)));
        mark(shard, mine);
    }

    void remove(Shard shard, Receiver receiver) {
        OfShard mine = shards.get(shard.index());
        if (mine != null) {
            mine.remove(receiver);
            mark(shard, mine);
            if (mine.byReceiver.isEmpty()) {
                shards.set(shard.index(), null);
            }
        }
    }

    private void mark(Shard shard, OfShard mine) {
        mark(directShards, shard.bit(), mine.byReceiver.size() > mine.logged);
        mark(loggedShards, shard.bit(), mine.logged > 0);
    }

    private static void mark(AtomicLong mask, long bit, boolean on) {
        if ((mask.get() & bit) != 0 != on) {
            mask.getAndUpdate(bits -> on ? bits | bit : bits & ~bit);
        }
    }

    /** One shard's subscribers, in the order they came. */
    private static final class OfShard {
        private final Map<Receiver, Subscriber> byReceiver = new LinkedHashMap<>();
        private Subscriber @Nullable [] snapshot;
        private int logged;

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
