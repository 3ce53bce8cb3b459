package io.tuskmq.cluster.hazelcast;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Cluster.Listener;
import io.tuskmq.cluster.Peer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The live peers and their numbers. Thread-safe; the listener is never called under the lock. */
final class Peers {
    private static final Logger LOG = LoggerFactory.getLogger(Peers.class);

    private final Function<PeerSlot, PeerFollower> follow;
    private final Executor executor;
    private final ReentrantLock changing = new ReentrantLock();
    private final Map<Long, PeerSlot> live = new ConcurrentHashMap<>();
    private final AtomicReferenceArray<@Nullable PeerSlot> slots = new AtomicReferenceArray<>(Cluster.SLOTS);
    /** Whose streams to us stand, live or not. */
    private final Set<Long> heard = ConcurrentHashMap.newKeySet();

    private volatile Set<Peer> withoutSlot = Set.of();

    Peers(Function<PeerSlot, PeerFollower> follow, Executor executor) {
        this.follow = follow;
        this.executor = executor;
    }

    @Nullable
    PeerSlot of(long incarnation) {
        return live.get(incarnation);
    }

    @Nullable
    PeerSlot in(int slot) {
        PeerSlot there = slots.get(slot);
        return there == null || live.get(there.peer.incarnation()) != there ? null : there;
    }

    boolean isLive(long incarnation) {
        return live.containsKey(incarnation);
    }

    Collection<PeerSlot> all() {
        return live.values();
    }

    Set<Long> incarnations() {
        return Set.copyOf(live.keySet());
    }

    /** Live peers for which there was no number left. */
    Set<Peer> withoutSlot() {
        return withoutSlot;
    }

    /** Notes the peer's stream; returns the peer if it is a live one. */
    @Nullable
    PeerSlot heard(long incarnation, boolean now) {
        if (now) {
            heard.add(incarnation);
        } else {
            heard.remove(incarnation);
        }
        return live.get(incarnation);
    }

    /** These are the live ones. Returns those that are gone; their last call is on its way, and their numbers are free after it. */
    List<PeerSlot> live(Collection<Peer> now, Listener listener) {
        List<PeerSlot> gone = new ArrayList<>();
        changing.lock();
        try {
            Map<Long, Peer> wanted = new HashMap<>();
            now.forEach(peer -> wanted.put(peer.incarnation(), peer));
            live.values().removeIf(slot -> {
                boolean goes = !wanted.containsKey(slot.peer.incarnation());
                if (goes) {
                    gone.add(slot);
                }
                return goes;
            });
            Set<Peer> left = new HashSet<>();
            for (Peer peer : wanted.values()) {
                if (!live.containsKey(peer.incarnation()) && !add(peer, listener)) {
                    left.add(peer);
                }
            }
            withoutSlot = Set.copyOf(left);
        } finally {
            changing.unlock();
        }
        for (PeerSlot slot : gone) {
            slot.follower().close();
            executor.execute(() -> {
                slot.gone(() -> listener.gone(slot.slot, slot.peer));
                slots.set(slot.slot, null);
            });
        }
        return gone;
    }

    private boolean add(Peer peer, Listener listener) {
        for (int number = 0; number < Cluster.SLOTS; number++) {
            if (slots.get(number) == null) {
                PeerSlot slot = new PeerSlot(peer, number);
                slot.follow(follow.apply(slot));
                slots.set(number, slot);
                live.put(peer.incarnation(), slot);
                executor.execute(
                        () -> slot.heardBefore(() -> heard.contains(peer.incarnation()), () -> listener.heard(peer)));
                return true;
            }
        }
        LOG.error("event=peer.refused node={} reason=\"more than {} nodes\"", peer.name(), Cluster.SLOTS);
        return false;
    }
}
