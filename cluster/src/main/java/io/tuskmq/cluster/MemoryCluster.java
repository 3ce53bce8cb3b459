package io.tuskmq.cluster;

import io.tuskmq.cluster.MemoryNetwork.Wire;
import io.tuskmq.cluster.rules.RouteAcks;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The twin of {@code HazelcastCluster} for tests: one node of a {@link MemoryNetwork}, whose faults decide what arrives. All state is under the
 * network's lock, and the listener is called by the network's runner only.
 */
public final class MemoryCluster implements Cluster {
    private static final Addresses ADDRESSES = new Addresses("memory", 1, 2);

    private final MemoryNetwork network;
    /** Live peers, as the node says. */
    private final Map<Long, Wire> wires = new TreeMap<>();

    private final Map<String, Integer> routes = new TreeMap<>();
    private final RouteAcks<Promise<Void>> acks = new RouteAcks<>();
    private final boolean[] slots = new boolean[SLOTS];
    private long changes;
    private @Nullable Listener listener;
    private @Nullable Peer self;
    private boolean closed;

    public MemoryCluster(MemoryNetwork network) {
        this.network = network;
    }

    @Override
    public Future<Addresses> open(Listener of) {
        return network.locked(() -> {
            listener = of;
            return Future.succeededFuture(ADDRESSES);
        });
    }

    @Override
    public Future<Void> join(Peer me, byte[] secret, Collection<Node> nodes) {
        network.locked(() -> {
            self = me;
            network.joined(this);
            return null;
        });
        nodes(nodes);
        return Future.succeededFuture();
    }

    @Override
    public void nodes(Collection<Node> nodes) {
        network.locked(() -> {
            Map<Long, Peer> live = new TreeMap<>();
            nodes.forEach(node -> live.put(node.peer().incarnation(), node.peer()));
            live.remove(incarnation());
            for (Wire wire : List.copyOf(wires.values())) {
                if (!live.containsKey(wire.peer.incarnation())) {
                    letGo(wire);
                }
            }
            for (Peer peer : live.values()) {
                if (!wires.containsKey(peer.incarnation())) {
                    wires.put(peer.incarnation(), new Wire(peer, freeSlot()));
                }
            }
            network.settle();
            return null;
        });
    }

    private int freeSlot() {
        for (int slot = 0; slot < SLOTS; slot++) {
            if (!slots[slot]) {
                slots[slot] = true;
                return slot;
            }
        }
        throw new IllegalStateException("more than " + SLOTS + " nodes");
    }

    private void letGo(Wire wire) {
        wires.remove(wire.peer.incarnation());
        wire.gone = true;
        network.run(() -> {
            listener().gone(wire.slot, wire.peer);
            network.locked(() -> slots[wire.slot] = false);
        });
        complete(acks.gone(wire.peer.incarnation()));
    }

    @Override
    public Set<Peer> missing() {
        return network.locked(() -> {
            Set<Peer> missing = new HashSet<>();
            for (Wire wire : wires.values()) {
                if (!wire.linked || !wire.heard || !wire.loaded) {
                    missing.add(wire.peer);
                }
            }
            return missing;
        });
    }

    @Override
    public List<Peer> linked() {
        return network.locked(() -> {
            List<Peer> linked = new ArrayList<>();
            wires.values().stream().filter(wire -> wire.linked).forEach(wire -> linked.add(wire.peer));
            return linked;
        });
    }

    @Override
    public boolean tell(int slot, Buffer body) {
        return network.locked(() -> {
            for (Wire wire : wires.values()) {
                if (wire.slot == slot && wire.linked) {
                    network.tell(this, wire, body);
                    return true;
                }
            }
            return false;
        });
    }

    @Override
    public Future<Buffer> ask(long incarnation, Buffer body, long timeoutMillis) {
        return network.locked(() -> {
            Wire wire = wires.get(incarnation);
            return wire == null || !wire.linked
                    ? Future.failedFuture(new LinkException(LinkException.Kind.DOWN, "not linked"))
                    : network.ask(this, wire, body, timeoutMillis);
        });
    }

    @Override
    public void routeChanged(String filter, int flags) {
        network.locked(() -> {
            changes++;
            if (flags == 0) {
                routes.remove(filter);
            } else {
                routes.put(filter, flags);
            }
            network.routeChanged(this, filter);
            return null;
        });
    }

    @Override
    public Future<Void> routesApplied() {
        return network.locked(() -> routesApplied(wires.keySet()));
    }

    @Override
    public Future<Void> routesApplied(long incarnation) {
        return network.locked(() -> wires.containsKey(incarnation)
                ? routesApplied(Set.of(incarnation))
                : Future.failedFuture("the node is not among the live ones"));
    }

    private Future<Void> routesApplied(Collection<Long> by) {
        Promise<Void> promise = Promise.promise();
        if (!acks.await(promise, changes, by)) {
            promise.complete();
        }
        return promise.future();
    }

    @Override
    public Future<Taken> takeClientId(String clientId) {
        return network.locked(() -> network.take(this, clientId));
    }

    @Override
    public void leaveClientId(String clientId, long number) {
        network.locked(() -> {
            network.leave(clientId, number);
            return null;
        });
    }

    @Override
    public void keepClientId(String clientId, long taken, long number) {
        network.locked(() -> {
            network.keep(this, clientId, taken, number);
            return null;
        });
    }

    @Override
    public Future<Long> coordinator(String group) {
        return network.locked(() -> network.coordinator(this, group));
    }

    @Override
    public void leaveGroup(String group) {
        network.locked(() -> {
            network.leaveGroup(this, group);
            return null;
        });
    }

    @Override
    public Future<Void> close() {
        network.locked(() -> {
            if (!closed) {
                closed = true;
                network.left(this);
            }
            return null;
        });
        return Future.succeededFuture();
    }

    /** The peer has applied all changes up to this one; with the network's lock. */
    void applied(long peer, long change) {
        complete(acks.applied(peer, change));
    }

    private void complete(List<Promise<Void>> waiting) {
        waiting.forEach(promise -> network.run(promise::complete));
    }

    boolean knows(long incarnation) {
        return incarnation == incarnation() || wires.containsKey(incarnation);
    }

    @Nullable
    Wire wire(long incarnation) {
        return wires.get(incarnation);
    }

    Collection<Wire> wires() {
        return wires.values();
    }

    Map<String, Integer> routes() {
        return routes;
    }

    long changes() {
        return changes;
    }

    long incarnation() {
        return peer().incarnation();
    }

    Peer peer() {
        Peer me = self;
        if (me == null) {
            throw new IllegalStateException("it has not joined");
        }
        return me;
    }

    Listener listener() {
        Listener of = listener;
        if (of == null) {
            throw new IllegalStateException("it is not open");
        }
        return of;
    }
}
