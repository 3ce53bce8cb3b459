package io.tuskmq.node.simulation;

import io.tuskmq.cluster.Cluster.Taken;
import io.tuskmq.cluster.rules.RouteBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What lies between the nodes: who can reach whom, and what stands for Hazelcast: journals of routes and the maps of client ids and groups. */
final class SimNetwork {
    private record Pair(String from, String to) {}

    private static final int SPLIT_SEEN_MILLIS = 3_000;
    /** Of a group. */
    private record Term(long groupId, long epoch) {}

    private record Holder(long number, long incarnation) {}

    private final Map<Long, SimCluster> nodes = new TreeMap<>();
    private final Map<Pair, Long> cuts = new HashMap<>();
    private final Map<Pair, Long> cutUntil = new HashMap<>();
    private final Map<Long, List<RouteBatch>> journals = new HashMap<>();
    private final Map<String, Holder> clients = new TreeMap<>();
    private final Map<String, Holder> clientsOfTheOthers = new TreeMap<>();
    private final Map<String, Long> groups = new TreeMap<>();
    private final Map<String, Long> groupsOfTheOthers = new TreeMap<>();
    private final Map<Term, Long> coordinators = new HashMap<>();
    private final Set<String> apart = new HashSet<>();
    private final Map<String, Long> splitSeenAt = new HashMap<>();
    private final Schedule schedule;
    private long mapsAwayUntil;
    private long troubleAt;

    SimNetwork(Schedule schedule) {
        this.schedule = schedule;
    }

    void joined(SimCluster node) {
        nodes.put(node.incarnation(), node);
    }

    /** The process is gone: its sockets are closed, and Hazelcast sees it go after a while. */
    void left(SimCluster node) {
        trouble();
        if (nodes.remove(node.incarnation(), node)) {
            List.copyOf(nodes.values()).forEach(other -> other.peerLeft(node.incarnation()));
        }
    }

    @Nullable
    SimCluster node(long incarnation) {
        return nodes.get(incarnation);
    }

    /** Something went wrong between nodes. */
    private void trouble() {
        troubleAt = schedule.now();
    }

    /** Nodes let go of each other now, or when this is over: a lease that ended and was renewed. */
    void troubleFor(long millis) {
        trouble();
        schedule.after(millis, this::trouble);
    }

    /** When something was wrong between nodes for the last time. */
    long troubleAt() {
        boolean now = schedule.now() < mapsAwayUntil || !apart.isEmpty() || !cuts.isEmpty();
        return now ? schedule.now() : troubleAt;
    }

    // --- links

    /** Nothing passes from one machine to the other any more. */
    void cut(String from, String to, long millis) {
        trouble();
        cuts.put(new Pair(from, to), schedule.now() + millis);
        nodes.values().forEach(node -> node.stall(from, to));
        schedule.after(millis, () -> {
            trouble();
            cuts.remove(new Pair(from, to));
            cutUntil.put(new Pair(from, to), schedule.now());
        });
    }

    boolean isCut(String from, String to) {
        return cuts.containsKey(new Pair(from, to));
    }

    /** Whether nothing passed between the machines one way or the other, now or a moment ago. */
    boolean wasCut(String one, String other, long withinMillis) {
        return wasCutFrom(one, other, withinMillis) || wasCutFrom(other, one, withinMillis);
    }

    private boolean wasCutFrom(String from, String to, long withinMillis) {
        return isCut(from, to) || schedule.now() - cutUntil.getOrDefault(new Pair(from, to), 0L) < withinMillis;
    }

    /** All connections between nodes are reset. */
    void reset(String from, String to) {
        trouble();
        nodes.values().forEach(node -> node.reset(from, to));
    }

    // --- what Hazelcast does

    void mapsAway(long millis) {
        trouble();
        mapsAwayUntil = schedule.now() + millis;
        schedule.after(millis, this::trouble);
    }

    /**
     * Hazelcast splits: these machines see the map as it was, and go on with a copy. Until a member sees the split, entries that are in
     * the other half don't answer it.
     */
    void split(Set<String> machines, long millis) {
        if (!apart.isEmpty()) {
            return;
        }
        trouble();
        apart.addAll(machines);
        clientsOfTheOthers.putAll(clients);
        splitSeenAt.clear();
        nodes.values()
                .forEach(node -> splitSeenAt.put(node.machine(), schedule.now() + schedule.below(SPLIT_SEEN_MILLIS)));
        groupsOfTheOthers.putAll(groups);
        schedule.after(millis, this::merge);
    }

    private void merge() {
        trouble();
        clientsOfTheOthers.forEach((id, theirs) -> clients.merge(id, theirs, (a, b) -> a.number >= b.number ? a : b));
        clientsOfTheOthers.clear();
        groupsOfTheOthers.forEach(groups::putIfAbsent);
        groupsOfTheOthers.clear();
        nodes.values().stream().filter(node -> apart.contains(node.machine())).forEach(SimCluster::merged);
        apart.clear();
    }

    boolean answers(SimCluster node, String key) {
        boolean inTheirHalf = (key.hashCode() & 1) == 1;
        boolean elsewhere = seesWhole(node) && !apart.isEmpty() && inTheirHalf != apart.contains(node.machine());
        return schedule.now() >= mapsAwayUntil && !elsewhere;
    }

    /** Whether all nodes are members, as far as this one knows. */
    private boolean seesWhole(SimCluster node) {
        return apart.isEmpty() || schedule.now() < splitSeenAt.getOrDefault(node.machine(), 0L);
    }

    /** Whether journals can be written and read from there. */
    boolean reachesJournals(SimCluster node) {
        return schedule.now() >= mapsAwayUntil && !apart.contains(node.machine());
    }

    List<RouteBatch> journal(long incarnation) {
        return journals.computeIfAbsent(incarnation, i -> new ArrayList<>());
    }

    private Map<String, Holder> clientsSeenBy(SimCluster node) {
        return apart.contains(node.machine()) ? clientsOfTheOthers : clients;
    }

    /** As {@code MapChange.Take}: the number, and who had the id. */
    Taken take(SimCluster node, String clientId, long numberMin) {
        Map<String, Holder> map = clientsSeenBy(node);
        Holder before = map.get(clientId);
        long number = before == null ? numberMin : Math.max(before.number + 1, numberMin);
        map.put(clientId, new Holder(number, node.incarnation()));
        if (before == null || before.incarnation == node.incarnation()) {
            return new Taken(number, OptionalLong.empty(), OptionalLong.empty(), seesWhole(node));
        }
        OptionalLong other = OptionalLong.of(before.incarnation);
        return node.isLive(before.incarnation)
                ? new Taken(number, other, OptionalLong.empty(), seesWhole(node))
                : new Taken(number, OptionalLong.empty(), other, seesWhole(node));
    }

    void leave(SimCluster node, String clientId, long number) {
        clientsSeenBy(node).computeIfPresent(clientId, (id, holder) -> holder.number == number ? null : holder);
    }

    void keep(SimCluster node, String clientId, long taken, long number) {
        clientsSeenBy(node)
                .computeIfPresent(
                        clientId,
                        (id, holder) -> holder.number == taken ? new Holder(number, node.incarnation()) : holder);
    }

    /** As {@code MapChange.Coordinate}: who is noted, if it lives, else this node from now on. */
    long coordinator(SimCluster node, String group) {
        return groupsSeenBy(node)
                .compute(group, (name, noted) -> noted != null && node.isLive(noted) ? noted : node.incarnation());
    }

    void leaveGroup(SimCluster node, String group) {
        groupsSeenBy(node).remove(group, node.incarnation());
    }

    /** A coordinator deals a message to a member of another node: in each epoch of a stored group it is one and the same. */
    void dealt(long groupId, long epoch, long incarnation) {
        if (epoch != 0) { // not a message of QoS 0, nor of a group in memory
            long before = coordinators.computeIfAbsent(new Term(groupId, epoch), term -> incarnation);
            Ledger.check(before == incarnation, "two coordinators in epoch " + epoch + " of group " + groupId);
        }
    }

    private Map<String, Long> groupsSeenBy(SimCluster node) {
        return apart.contains(node.machine()) ? groupsOfTheOthers : groups;
    }

    void forget(long incarnation) {
        journals.remove(incarnation);
        clients.values().removeIf(holder -> holder.incarnation == incarnation);
    }
}
