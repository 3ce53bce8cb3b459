package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Peer;
import io.tuskmq.node.session.GroupFrame;
import io.tuskmq.node.session.Groups;
import io.tuskmq.node.session.LiveRoutes;
import io.tuskmq.node.session.Router;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What this node does when others speak: hands over their messages, keeps their routes, lets go of clients that went to them. */
final class PeerListener implements Cluster.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(PeerListener.class);

    private final Vertx vertx;
    private final Context context;
    private final Forwards forwards;
    private final ClusterGroups groupWays;
    private final ClusterClientIds ids;
    private final ClusterCounters counters;
    private volatile @Nullable Joined joined;

    /** What it works with when this node has joined. */
    record Joined(
            LiveRoutes routes,
            Router router,
            LaneHandling lanes,
            Membership membership,
            PeerClients clients,
            Groups groups) {}

    /** @param vertx of sessions and groups: what concerns them is done there, not on the links' event loops */
    PeerListener(
            Vertx vertx, Forwards forwards, ClusterGroups groupWays, ClusterClientIds ids, ClusterCounters counters) {
        this.vertx = vertx;
        this.context = vertx.getOrCreateContext();
        this.forwards = forwards;
        this.groupWays = groupWays;
        this.ids = ids;
        this.counters = counters;
    }

    /** Before the first peer can be linked. */
    void join(Joined parts) {
        joined = parts;
    }

    private Joined joined() {
        Joined parts = joined;
        if (parts == null) {
            throw new IllegalStateException("a peer was linked before this node had joined");
        }
        return parts;
    }

    /** What a thread says comes in its order. */
    private void here(Runnable task) {
        Context now = Vertx.currentContext();
        if (now == null || now.owner().equals(vertx)) {
            task.run();
        } else {
            context.runOnContext(nothing -> task.run());
        }
    }

    private <T> Future<T> askedHere(Supplier<Future<T>> question) {
        Promise<T> answer = Promise.promise();
        here(() -> question.get().onComplete(answer));
        return answer.future();
    }

    @Override
    public void linked(int slot, Peer peer) {
        forwards.linked(slot);
        groupWays.linked(slot, peer);
        joined().membership().linked(peer);
        ids.askAgain(peer.incarnation());
    }

    @Override
    public void room() {
        joined().router().peerHasRoom();
    }

    @Override
    public boolean isBehind() {
        Joined parts = joined;
        return parts != null && parts.router().isCongested();
    }

    @Override
    public void unlinked(int slot, Peer peer, boolean refused) {
        joined().router().peerHasRoom();
        forwards.unlinked(slot);
        groupWays.unlinked(peer);
        here(() -> joined().groups().lost(peer.incarnation()));
        joined().membership().unlinked(peer, refused);
    }

    @Override
    public void heard(Peer peer) {
        groupWays.heard(peer, true);
        joined().membership().heard(peer);
    }

    @Override
    public void silent(Peer peer) {
        groupWays.heard(peer, false);
        forwards.wills().silent(peer.incarnation());
        here(() -> joined().groups().lost(peer.incarnation()));
        joined().membership().silent(peer);
    }

    @Override
    public void gone(int slot, Peer peer) {
        forwards.unlinked(slot);
        groupWays.gone(peer);
        here(() -> joined().groups().lost(peer.incarnation()));
        joined().routes().forgetNode(slot);
        joined().membership().gone(peer);
    }

    @Override
    public void route(int slot, String filter, int flags) {
        joined().routes().node(slot, filter, flags);
    }

    @Override
    public void told(Peer from, Buffer body) {
        switch (Frames.told(body)) {
            case Frames.Direct(var message) -> {
                if (!joined().router().deliverDirectOfPeer(message)) {
                    counters.directLost();
                }
            }
            case Frames.Lane lane -> joined().lanes().frame(lane);
            case Frames.Health(boolean sparesOthers, var word) -> {
                ids.said(from.incarnation(), word);
                joined().membership().health(from, sparesOthers);
            }
            case Frames.OfGroup(var frame) -> here(() -> joined().groups().told(from.incarnation(), frame));
        }
    }

    @Override
    public Future<Buffer> asked(Peer from, Buffer body) {
        return switch (Frames.asked(body)) {
            case Frames.LetGo(var newer, long number, var word) -> {
                ids.said(from.incarnation(), word); // first: who connects here from now on asks that node too
                yield askedHere(() -> joined().clients().letGo(newer, number))
                        .compose(answer -> ids.answer(newer.clientId(), answer))
                        .map(Frames::letGoAnswer);
            }
            // Sessions here rely on forwards of those whom they waited for, and of those who come later: they must know
            // all.
            case Frames.Alive alive ->
                forwards.routesAppliedBy(from.incarnation()).map(applied -> Buffer.buffer());
            case Frames.WillsComing(long sweep, var clientIds) -> {
                forwards.wills().begun(from.incarnation(), sweep, clientIds);
                yield Future.succeededFuture(Buffer.buffer());
            }
            // What was told before was handled before, on this thread.
            case Frames.WillsPassed() -> Future.succeededFuture(Buffer.buffer());
            case Frames.WillsOver(long sweep) -> {
                forwards.wills().ended(from.incarnation(), sweep);
                yield Future.succeededFuture(Buffer.buffer());
            }
            case Frames.OfGroup(var frame) ->
                frame instanceof GroupFrame.Join join
                        ? askedHere(() -> joined().groups().join(from.incarnation(), join))
                                .map(coordinator -> Buffer.buffer(Long.BYTES).appendLong(coordinator))
                        : Future.failedFuture("not a question");
        };
    }

    @Override
    public void forEachOwnRoute(Cluster.RouteConsumer each) {
        joined().routes().forEachOwn(each);
    }

    @Override
    public void forEachRoute(int slot, Cluster.RouteConsumer each) {
        joined().routes().forEachOf(slot, each);
    }

    @Override
    public void merged() {
        here(() -> joined().clients().takeIdsAgain());
    }

    @Override
    public void suspected(Peer peer) {
        joined().membership().beatNow().onFailure(failure -> LOG.debug("no heartbeat: {}", failure.getMessage()));
    }
}
