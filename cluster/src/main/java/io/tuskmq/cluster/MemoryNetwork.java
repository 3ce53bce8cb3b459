package io.tuskmq.cluster;

import io.tuskmq.cluster.Cluster.Taken;
import io.tuskmq.cluster.rules.RouteChange;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What several {@link MemoryCluster} nodes of one JVM have in common, and its faults: cuts between two, routes that are not applied for a while,
 * killed nodes, and maps that don't answer. Thread-safe.
 */
public final class MemoryNetwork {
    /** Carries out the network's steps one at a time and in the order they were given, never before {@code run} has returned. */
    public interface Runner {
        void run(Runnable step);

        /** Runs the step after this time, among the others. */
        void after(long millis, Runnable step);

        /** On one event loop. */
        static Runner on(Vertx vertx) {
            Context context = vertx.getOrCreateContext();
            return new Runner() {
                @Override
                public void run(Runnable step) {
                    context.runOnContext(ignored -> step.run());
                }

                @Override
                public void after(long millis, Runnable step) {
                    vertx.setTimer(millis, timer -> run(step));
                }
            };
        }
    }

    /** A peer as a node sees it. */
    static final class Wire {
        final Peer peer;
        final int slot;
        boolean gone;
        boolean linked;
        boolean heard;
        boolean loaded;
        /** Counts the links to the peer: what was sent on an earlier one is lost. */
        long link;

        final Set<Promise<Buffer>> asked = new LinkedHashSet<>();
        /** What the node has of the peer's routes, and the filters that may have changed since. */
        final Map<String, Integer> copy = new HashMap<>();

        final Set<String> changed = new LinkedHashSet<>();

        Wire(Peer peer, int slot) {
            this.peer = peer;
            this.slot = slot;
        }
    }

    private record Pair(long from, long to) {}

    private record Holder(long number, long incarnation) {}

    private final Runner runner;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Long, MemoryCluster> nodes = new TreeMap<>();
    private final Set<Pair> cuts = new HashSet<>();
    private final Set<Pair> held = new HashSet<>();
    private final Map<String, Holder> clients = new HashMap<>();
    private final Map<String, Long> groups = new HashMap<>();
    private long numbers;
    private boolean mapsAway;

    public MemoryNetwork(Runner runner) {
        this.runner = runner;
    }

    /** Cuts the links between two nodes, in both directions. */
    public void cut(long one, long other) {
        change(() -> cuts.addAll(List.of(new Pair(one, other), new Pair(other, one))));
    }

    /** Mends what {@link #cut} did; routes that changed meanwhile are applied. */
    public void mend(long one, long other) {
        change(() -> cuts.removeAll(List.of(new Pair(one, other), new Pair(other, one))));
    }

    /** The peer applies no routes of the owner until they are released. */
    public void holdRoutes(long owner, long peer) {
        change(() -> held.add(new Pair(owner, peer)));
    }

    public void releaseRoutes(long owner, long peer) {
        change(() -> held.remove(new Pair(owner, peer)));
    }

    /** The node is gone as by {@code kill -9}: nobody listens at its address, and it hears nothing more. */
    public void kill(long incarnation) {
        change(() -> nodes.remove(incarnation));
    }

    /** Whether the maps of client ids and groups fail to answer. */
    public void mapsAway(boolean away) {
        change(() -> mapsAway = away);
    }

    /** Tells all nodes that a split has ended. */
    public void merged() {
        change(() -> nodes.values().forEach(node -> run(() -> node.listener().merged())));
    }

    <T> T locked(Supplier<T> step) {
        lock.lock();
        try {
            return step.get();
        } finally {
            lock.unlock();
        }
    }

    private void change(Runnable fault) {
        locked(() -> {
            fault.run();
            settle();
            return null;
        });
    }

    void run(Runnable step) {
        runner.run(step);
    }

    void joined(MemoryCluster node) {
        nodes.put(node.incarnation(), node);
    }

    void left(MemoryCluster node) {
        if (nodes.values().remove(node)) {
            settle();
        }
    }

    /** A call to a node's listener about a peer, if both are still there when its turn comes. */
    private void call(MemoryCluster node, Wire wire, Runnable call) {
        run(() -> {
            if (locked(() -> nodes.containsValue(node) && !wire.gone)) {
                call.run();
            }
        });
    }

    /** Makes the links what they should be, and applies the routes that can be. */
    void settle() {
        nodes.values().forEach(node -> node.wires().forEach(wire -> settleLink(node, wire)));
        nodes.values().forEach(node -> node.wires().forEach(wire -> settleHeard(node, wire)));
        nodes.values().forEach(node -> node.wires().forEach(wire -> applyRoutes(node, wire)));
    }

    private void settleLink(MemoryCluster node, Wire wire) {
        boolean dead = !nodes.containsKey(wire.peer.incarnation());
        boolean stands = !dead && !cuts.contains(new Pair(node.incarnation(), wire.peer.incarnation()));
        if (stands == wire.linked) {
            return;
        }
        wire.linked = stands;
        wire.link++;
        if (stands) {
            call(node, wire, () -> node.listener().linked(wire.slot, wire.peer));
            return;
        }
        call(node, wire, () -> node.listener().unlinked(wire.slot, wire.peer, dead));
        List<Promise<Buffer>> broken = List.copyOf(wire.asked);
        run(() -> broken.forEach(promise -> promise.tryFail(down())));
    }

    private void settleHeard(MemoryCluster node, Wire wire) {
        MemoryCluster other = nodes.get(wire.peer.incarnation());
        Wire back = other == null ? null : other.wire(node.incarnation());
        boolean hears = back != null && back.linked;
        if (hears == wire.heard) {
            return;
        }
        wire.heard = hears;
        Cluster.Listener listener = node.listener();
        call(node, wire, () -> {
            if (hears) {
                listener.heard(wire.peer);
            } else {
                listener.silent(wire.peer);
            }
        });
    }

    void routeChanged(MemoryCluster owner, String filter) {
        for (MemoryCluster node : nodes.values()) {
            Wire wire = node.wire(owner.incarnation());
            if (wire != null) {
                wire.changed.add(filter);
                applyRoutes(node, wire);
            }
        }
    }

    private void applyRoutes(MemoryCluster node, Wire wire) {
        call(node, wire, () -> {
            List<RouteChange> changes = new ArrayList<>();
            long upTo = locked(() -> takeRoutes(node, wire, changes));
            changes.forEach(change -> node.listener().route(wire.slot, change.filter(), change.flags()));
            locked(() -> {
                MemoryCluster owner = nodes.get(wire.peer.incarnation());
                if (owner != null && upTo >= 0) {
                    wire.loaded = true;
                    owner.applied(node.incarnation(), upTo);
                }
                return null;
            });
        });
    }

    /** What is to be applied, and up to which change that is; -1 when nothing can be. */
    private long takeRoutes(MemoryCluster node, Wire wire, List<RouteChange> into) {
        MemoryCluster owner = nodes.get(wire.peer.incarnation());
        if (owner == null || !wire.linked || held.contains(new Pair(owner.incarnation(), node.incarnation()))) {
            return -1;
        }
        if (!wire.loaded) {
            wire.changed.addAll(owner.routes().keySet());
        }
        for (String filter : wire.changed) {
            int flags = owner.routes().getOrDefault(filter, 0);
            Integer before = flags == 0 ? wire.copy.remove(filter) : wire.copy.put(filter, flags);
            if ((before == null ? 0 : before) != flags) {
                into.add(new RouteChange(filter, flags));
            }
        }
        wire.changed.clear();
        return owner.changes();
    }

    void tell(MemoryCluster from, Wire to, Buffer body) {
        long link = to.link;
        run(() -> deliver(from, to, link, (node, wire) -> {
            node.listener().told(wire.peer, body);
            return null;
        }));
    }

    Future<Buffer> ask(MemoryCluster from, Wire to, Buffer body, long timeoutMillis) {
        Promise<Buffer> promise = Promise.promise();
        long link = to.link;
        to.asked.add(promise);
        run(() -> {
            Future<Buffer> answer =
                    deliver(from, to, link, (node, wire) -> node.listener().asked(wire.peer, body));
            if (answer == null) {
                promise.tryFail(down());
            } else {
                answer.onComplete(
                        bytes -> run(() -> promise.tryComplete(bytes)),
                        e -> run(() -> promise.tryFail(
                                new LinkException(LinkException.Kind.REMOTE, String.valueOf(e.getMessage())))));
            }
        });
        runner.after(timeoutMillis, () -> promise.tryFail(new LinkException(LinkException.Kind.TIMEOUT, "no answer")));
        return promise.future().onComplete(ignored -> locked(() -> to.asked.remove(promise)));
    }

    /** What the receiver does with what was sent, if it arrives. */
    private interface Arrival {
        @Nullable
        Future<Buffer> at(MemoryCluster node, Wire from);
    }

    @Nullable
    private Future<Buffer> deliver(MemoryCluster from, Wire to, long link, Arrival arrival) {
        MemoryCluster node = locked(() -> to.linked && to.link == link ? nodes.get(to.peer.incarnation()) : null);
        Wire back = node == null ? null : locked(() -> node.wire(from.incarnation()));
        return node == null || back == null ? null : arrival.at(node, back);
    }

    Future<Taken> take(MemoryCluster node, String clientId) {
        if (mapsAway) {
            return later(null);
        }
        Holder now = new Holder(++numbers, node.incarnation());
        Holder before = clients.put(clientId, now);
        if (before == null || before.incarnation == node.incarnation()) {
            return later(new Taken(now.number, OptionalLong.empty(), OptionalLong.empty(), true));
        }
        OptionalLong at = OptionalLong.of(before.incarnation);
        return later(
                node.wire(before.incarnation) != null
                        ? new Taken(now.number, at, OptionalLong.empty(), true)
                        : new Taken(now.number, OptionalLong.empty(), at, true));
    }

    void leave(String clientId, long number) {
        clients.computeIfPresent(clientId, (id, holder) -> holder.number == number ? null : holder);
    }

    void keep(MemoryCluster node, String clientId, long taken, long number) {
        clients.computeIfPresent(
                clientId, (id, holder) -> holder.number == taken ? new Holder(number, node.incarnation()) : holder);
    }

    Future<Long> coordinator(MemoryCluster node, String group) {
        if (mapsAway) {
            return later(null);
        }
        return later(groups.compute(
                group, (id, noted) -> noted != null && node.knows(noted) ? noted : Long.valueOf(node.incarnation())));
    }

    void leaveGroup(MemoryCluster node, String group) {
        groups.remove(group, node.incarnation());
    }

    private <T> Future<T> later(@Nullable T answer) {
        Promise<T> promise = Promise.promise();
        run(() -> {
            if (answer == null) {
                promise.fail("the map doesn't answer");
            } else {
                promise.complete(answer);
            }
        });
        return promise.future();
    }

    private static LinkException down() {
        return new LinkException(LinkException.Kind.DOWN, "the link is down");
    }
}
