package io.tuskmq.cluster;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/** A node that is alone: it has no addresses, is linked to nobody, and can't go together with others. */
public final class NoCluster implements Cluster {
    private final AtomicLong numbers = new AtomicLong();
    private volatile long self;
    private volatile Set<Peer> others = Set.of();

    @Override
    public Future<Addresses> open() {
        return Future.succeededFuture(new Addresses("", 0, 0));
    }

    @Override
    public Future<Void> join(Peer peer, byte[] secret, Collection<Node> nodes, Listener listener) {
        self = peer.incarnation();
        nodes(nodes);
        return Future.succeededFuture();
    }

    @Override
    public void nodes(Collection<Node> nodes) {
        Set<Peer> live = new HashSet<>();
        nodes.stream()
                .map(Node::peer)
                .filter(peer -> peer.incarnation() != self)
                .forEach(live::add);
        others = live;
    }

    /** All others: none of them can be joined. */
    @Override
    public Set<Peer> missing() {
        return others;
    }

    @Override
    public List<Peer> linked() {
        return List.of();
    }

    @Override
    public boolean tell(int slot, Buffer body) {
        return false;
    }

    @Override
    public Future<Buffer> ask(long incarnation, Buffer body, long timeoutMillis) {
        return Future.failedFuture("this node is alone");
    }

    @Override
    public void routeChanged(String filter, int flags) {
        // nobody to tell
    }

    @Override
    public Future<Void> routesApplied() {
        return Future.succeededFuture();
    }

    @Override
    public Future<Taken> takeClientId(String clientId) {
        return Future.succeededFuture(new Taken(numbers.incrementAndGet(), OptionalLong.empty()));
    }

    @Override
    public void leaveClientId(String clientId, long number) {
        // nobody asks
    }

    @Override
    public Future<Long> coordinator(String group) {
        return Future.succeededFuture(self);
    }

    @Override
    public void leaveGroup(String group) {
        // nobody asks
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }
}
