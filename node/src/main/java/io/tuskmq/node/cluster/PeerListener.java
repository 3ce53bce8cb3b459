package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Peer;
import io.tuskmq.node.session.ClientIds;
import io.tuskmq.node.session.LiveRoutes;
import io.tuskmq.node.session.Router;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What this node does when others speak: hands over their messages, keeps their routes, lets go of clients that went to them. */
final class PeerListener implements Cluster.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(PeerListener.class);

    private final LiveRoutes routes;
    private final Router router;
    private final Forwards forwards;
    private final Membership membership;
    private final LaneHandling lanes;
    private final ClusterCounters counters;
    private final PeerClients clients;

    PeerListener(
            LiveRoutes routes, Router router, Membership.Around around, Membership membership, PeerClients clients) {
        this.routes = routes;
        this.router = router;
        this.forwards = around.forwards();
        this.lanes = around.lanes();
        this.counters = around.counters();
        this.membership = membership;
        this.clients = clients;
    }

    @Override
    public void linked(int slot, Peer peer) {
        forwards.linked(slot);
        membership.linked(peer);
    }

    @Override
    public void unlinked(int slot, Peer peer, boolean refused) {
        forwards.unlinked(slot);
        membership.unlinked(peer, refused);
    }

    @Override
    public void heard(Peer peer) {
        membership.heard(peer);
    }

    @Override
    public void silent(Peer peer) {
        membership.silent(peer);
    }

    @Override
    public void gone(int slot, Peer peer) {
        forwards.unlinked(slot);
        routes.forgetNode(slot);
        membership.gone(peer);
    }

    @Override
    public void route(int slot, String filter, int flags) {
        routes.node(slot, filter, flags);
    }

    @Override
    public void told(Peer from, Buffer body) {
        switch (Frames.told(body)) {
            case Frames.Direct(var message) -> {
                if (!router.deliverDirectOfPeer(message)) {
                    counters.directLost();
                }
            }
            case Frames.Lane lane -> lanes.frame(lane);
            case Frames.Health(boolean databaseAway) -> membership.health(from, databaseAway);
        }
    }

    @Override
    public Future<Buffer> asked(Peer from, Buffer body) {
        Frames.LetGo request = Frames.asked(body);
        return clients.letGo(request.clientId(), request.number())
                .map(answer -> Buffer.buffer(new byte[] {(byte) (answer == ClientIds.Answer.NEWER ? 1 : 0)}));
    }

    @Override
    public void forEachOwnRoute(Cluster.RouteConsumer each) {
        routes.forEachOwn(each);
    }

    @Override
    public void merged() {
        clients.takeIdsAgain();
    }

    @Override
    public void suspected(Peer peer) {
        membership.beatNow().onFailure(failure -> LOG.debug("no heartbeat: {}", failure.getMessage()));
    }
}
