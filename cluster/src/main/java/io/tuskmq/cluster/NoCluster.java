package io.tuskmq.cluster;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/** The cluster of a node that is alone: it is linked to nobody, and can't go together with others on its database. */
public final class NoCluster implements Cluster {
    private final AtomicLong numbers = new AtomicLong();
    private volatile long self;
    private volatile Set<Peer> others = Set.of();

    @Override
    public Future<Addresses> open(Listener listener) {
        return Future.succeededFuture(new Addresses("", 0, 0));
    }

    @Override
    public Future<Void> join(Peer me, byte[] secret, Collection<Node> nodes) {
        self = me.incarnation();
        nodes(nodes);
        return Future.succeededFuture();
    }

    @Override
    public void nodes(Collection<Node> nodes) {
        others = nodes.stream()
                .map(Node::peer)
                .filter(peer -> peer.incarnation() != self)
                .collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public Set<Peer> missing() {
        return others; // none of them can be joined
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
        return Future.failedFuture(new LinkException(LinkException.Kind.DOWN, "this node is alone"));
    }

    @Override
    public void routeChanged(String filter, int flags) {
        // Nobody else routes.
    }

    @Override
    public Future<Void> routesApplied() {
        return Future.succeededFuture();
    }

    @Override
    public Future<Void> routesApplied(long incarnation) {
        return Future.failedFuture("this node is alone");
    }

    @Override
    public Future<Taken> takeClientId(String clientId) {
        return Future.succeededFuture(
                new Taken(numbers.incrementAndGet(), OptionalLong.empty(), OptionalLong.empty(), true));
    }

    @Override
    public void leaveClientId(String clientId, long number) {
        // Numbers are not noted.
    }

    @Override
    public void keepClientId(String clientId, long taken, long number) {
        // Nobody else takes any.
    }

    @Override
    public Future<Long> coordinator(String group) {
        return Future.succeededFuture(self);
    }

    @Override
    public void leaveGroup(String group) {
        // This node coordinates all groups.
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }
}
