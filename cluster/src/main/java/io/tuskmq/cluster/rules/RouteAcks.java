package io.tuskmq.cluster.rules;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Who waits until which peers have applied which batch. Not thread-safe.
 *
 * @param <W> what waits
 */
public final class RouteAcks<W> {
    /** Those that wait for one batch, and the peers that they still wait for. */
    private record Group<W>(Set<Long> peers, List<W> waiting) {}

    private final Map<Long, Long> applied = new HashMap<>();
    private final TreeMap<Long, List<Group<W>>> groups = new TreeMap<>();

    /** Waits for these peers; false when there is nothing to wait for. */
    public boolean await(W waiter, long sequence, Collection<Long> peers) {
        Set<Long> behind = new HashSet<>();
        for (long peer : peers) {
            if (applied.getOrDefault(peer, 0L) < sequence) {
                behind.add(peer);
            }
        }
        if (behind.isEmpty()) {
            return false;
        }
        List<Group<W>> here = groups.computeIfAbsent(sequence, any -> new ArrayList<>(1));
        for (Group<W> group : here) {
            if (group.peers.equals(behind)) {
                group.waiting.add(waiter);
                return true;
            }
        }
        here.add(new Group<>(behind, new ArrayList<>(List.of(waiter))));
        return true;
    }

    /** The peer has applied everything up to the batch. Returns those who wait no longer. */
    public List<W> applied(long peer, long sequence) {
        long before = applied.getOrDefault(peer, 0L);
        if (sequence <= before) {
            return List.of();
        }
        applied.put(peer, sequence);
        return release(peer, groups.subMap(before, false, sequence, true).values());
    }

    /** Nobody waits for this peer any more. Returns those who waited for it alone. */
    public List<W> gone(long peer) {
        applied.remove(peer);
        return release(peer, groups.values());
    }

    private List<W> release(long peer, Collection<List<Group<W>>> of) {
        List<W> released = new ArrayList<>();
        of.removeIf(here -> {
            here.removeIf(group -> {
                group.peers.remove(peer);
                if (group.peers.isEmpty()) {
                    released.addAll(group.waiting);
                }
                return group.peers.isEmpty();
            });
            return here.isEmpty();
        });
        return released;
    }
}
