package io.tuskmq.cluster.hazelcast;

import io.tuskmq.cluster.Cluster.Listener;
import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What comes from the links. A peer that isn't among the live nodes (yet, or any more) gets its snapshots, but what it tells the node is not
 * passed on: this node is missing to it, so it serves no clients.
 */
record FromLinks(Listener listener, Peers peers, OwnRoutes own, Snapshots snapshots) implements Links.Handler {
    private static final Logger LOG = LoggerFactory.getLogger(FromLinks.class);

    @Override
    public void up(Peer peer) {
        PeerSlot slot = peers.of(peer.incarnation());
        if (slot != null) {
            slot.linked(true, () -> listener.linked(slot.slot, slot.peer));
            slot.follower().linked(true);
        }
    }

    @Override
    public void down(Peer peer, boolean refused) {
        PeerSlot slot = peers.of(peer.incarnation());
        if (slot != null) {
            slot.linked(false, () -> listener.unlinked(slot.slot, slot.peer, refused));
            slot.follower().linked(false);
        }
    }

    @Override
    public void heard(Peer from) {
        PeerSlot slot = peers.heard(from.incarnation(), true);
        if (slot != null) {
            slot.heard(true, () -> listener.heard(slot.peer));
        }
    }

    @Override
    public void silent(Peer from) {
        PeerSlot slot = peers.heard(from.incarnation(), false);
        if (slot != null) {
            slot.heard(false, () -> listener.silent(slot.peer));
        }
    }

    @Override
    public void told(Peer from, byte channel, Buffer body) {
        PeerSlot slot = peers.of(from.incarnation());
        if (slot == null) {
            return;
        }
        if (channel == Links.NODE) {
            slot.call(() -> listener.told(slot.peer, body));
            return;
        }
        switch (body.getByte(0)) {
            case RouteFrames.ACK -> own.applied(from.incarnation(), RouteFrames.sequence(body));
            case RouteFrames.STATE -> slot.follower().owner(RouteFrames.sequence(body), RouteFrames.digest(body));
            default -> LOG.warn("event=cluster.frame.unknown node={} kind={}", from.name(), body.getByte(0));
        }
    }

    @Override
    public boolean isBehind() {
        return listener.isBehind();
    }

    @Override
    public void room(Peer peer) {
        listener.room();
    }

    @Override
    public Future<Buffer> asked(Peer from, byte channel, Buffer body) {
        if (channel == Links.NODE) {
            PeerSlot slot = peers.of(from.incarnation());
            return slot == null
                    ? Future.failedFuture("the node is not among the live ones")
                    : slot.ask(() -> listener.asked(slot.peer, body));
        }
        return body.getByte(0) == RouteFrames.SNAPSHOT
                ? snapshots.page(body.getLong(1), body.getInt(9))
                : Future.failedFuture("unknown question");
    }
}
