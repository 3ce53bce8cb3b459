package io.tuskmq.cluster;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/** The cluster of a node that is alone: there is nobody to wait for. */
public final class NoCluster implements Cluster {
    private final AtomicLong numbers = new AtomicLong();
    private final String host;
    private volatile long self;

    /** @param host what the node's row says; nobody is to come there */
    public NoCluster(String host) {
        this.host = host;
    }

    @Override
    public Future<Addresses> open(Listener listener) {
        return Future.succeededFuture(new Addresses(host, 0, 0));
    }

    @Override
    public Future<Void> join(Peer me, byte[] secret, Collection<Node> nodes) {
        self = me.incarnation();
        return Future.succeededFuture();
    }

    @Override
    public void nodes(Collection<Node> nodes) {
        // Others in the database are no concern of a node that is configured to be alone.
    }

    @Override
    public Set<Peer> missing() {
        return Set.of();
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
    public Future<Taken> takeClientId(String clientId) {
        return Future.succeededFuture(new Taken(numbers.incrementAndGet(), OptionalLong.empty()));
    }

    @Override
    public void leaveClientId(String clientId, long number) {
        // Numbers are not noted.
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
