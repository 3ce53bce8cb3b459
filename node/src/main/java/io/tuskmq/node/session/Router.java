package io.tuskmq.node.session;

import io.tuskmq.storage.Append;
import io.tuskmq.storage.LaneListener;
import io.tuskmq.storage.LaneWriter;
import io.tuskmq.storage.Leases;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Store;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;

/**
 * The way of every message: match, hand it to the shards and nodes of those who are served at once, append it to a lane of the log; when
 * it is committed, hand it to the shards and nodes of those who read the log, and tell its publisher. What other nodes hand over is
 * matched anew, for the shards of this one.
 */
public final class Router {
    private final LiveRoutes liveRoutes;
    private final Shards shards;
    private final Peers peers;
    private final List<LaneWriter> lanes = new ArrayList<>();
    /** Set before the first message. */
    private Traces traces = Traces.OFF;

    public Router(LiveRoutes liveRoutes, Shards shards, Peers peers) {
        this.liveRoutes = liveRoutes;
        this.shards = shards;
        this.peers = peers;
    }

    /**
     * Opens the writers of the leased lanes; before the first message.
     *
     * @param fenced called when a lane was lost to another node: this one must drop its clients
     */
    public void open(Store store, List<Leases.Lane> leased, Runnable fenced) {
        open(store, leased, fenced, new Watched((appends, nanos) -> {}, Traces.OFF));
    }

    /** Who is told of what goes through it. The traces are closed with it. */
    public record Watched(BatchMeter meter, Traces traces) {}

    /** The same, watched. */
    public void open(Store store, List<Leases.Lane> leased, Runnable fenced, Watched watched) {
        traces = watched.traces();
        for (Leases.Lane lane : leased) {
            lanes.add(store.laneWriter(lane, new Committer(lane, fenced, watched.meter())));
        }
    }

    /** Milliseconds since 1970. */
    long nowMillis() {
        return shards.nowMillis();
    }

    LiveRoutes liveRoutes() {
        return liveRoutes;
    }

    Peers peers() {
        return peers;
    }

    /** The lane of a publisher: always the same one, so that its messages keep their order (I6). */
    LaneWriter laneOf(String clientId) {
        return lanes.get(Math.floorMod(clientId.hashCode(), lanes.size()));
    }

    /** True when a publisher on this lane should not be read from; {@link Shard#resumePublishers} ends it. */
    boolean isFull(LaneWriter lane) {
        return lane.isFull() || shards.isCongested();
    }

    /** The same for a publisher of QoS 0 only, who needs no lane; and for other nodes. */
    public boolean isCongested() {
        return shards.isCongested();
    }

    /** True when a publisher to these nodes should not be read from; {@link Shard#resumePublishers} ends it. */
    boolean isSlow(long nodes) {
        return nodes != 0 && peers.isSlow(nodes);
    }

    /** {@link #isSlow} has ended for a node. */
    public void peerHasRoom() {
        shards.resumePublishers();
    }

    /** Whether the log would keep a QoS 1 or 2 message of this topic. */
    boolean isLogged(String topic) {
        for (Route route : liveRoutes.match(topic)) {
            if (route.filterId() != 0) {
                return true;
            }
        }
        return false;
    }

    /** A QoS 1 or 2 message, or one to be retained. Returns the nodes that it goes to at once, or when it is committed. */
    long publish(Publication publication, LaneWriter lane) {
        publication.publishedAt(traces.nowNanos());
        publication.match();
        Message message = publication.message();
        long nodes = directNodes(message, publication.routes());
        if (publication.isCertain()) {
            deliverAtOnce(message, publication.routes());
        }
        lane.append(publication);
        return nodes;
    }

    /** A QoS 0 message: nothing is stored. Returns the nodes that it goes to. */
    long publishAtMostOnce(Message message) {
        Route[] routes = liveRoutes.match(message.topic());
        deliverAtOnce(message, routes);
        return directNodes(message, routes);
    }

    /** The same for this node's own clients only. */
    void publishHere(Message message) {
        deliverHere(message, liveRoutes.match(message.topic()));
    }

    /** To all whom it reaches at once, here and on other nodes. */
    private void deliverAtOnce(Message message, Route[] routes) {
        deliverHere(message, routes);
        long nodes = directNodes(message, routes);
        if (nodes != 0) {
            peers.direct(nodes, message);
        }
    }

    private static long directNodes(Message message, Route[] routes) {
        boolean all = message.qos() == 0; // also to those who get QoS 1 and 2 from the log
        long nodes = 0;
        for (Route route : routes) {
            nodes |= all ? route.directNodes() | route.loggedNodes() : route.directNodes();
        }
        return nodes;
    }

    private void deliverHere(Message message, Route[] routes) {
        boolean all = message.qos() == 0;
        long mask = 0;
        for (Route route : routes) {
            mask |= all ? route.directShards() | route.loggedShards() : route.directShards();
        }
        Delivery.To to = all ? Delivery.To.ALL : Delivery.To.DIRECT;
        for (; mask != 0; mask &= mask - 1) {
            Shard shard = shards.first(mask);
            shard.post(new Delivery(shard, to, 0, message, routes));
        }
    }

    /**
     * Another node's message for those who are served at once. False when some of them can't take it: although the link is not read while they are
     * congested, too much waits for them.
     */
    public boolean deliverDirectOfPeer(Message message) {
        if (shards.isOverfull()) {
            return false;
        }
        deliverHere(message, liveRoutes.match(message.topic()));
        return true;
    }

    /** A committed message of another node's lane for those who follow the log. */
    public void deliverLoggedOfPeer(long id, Message message) {
        deliverLogged(id, message, liveRoutes.match(message.topic()));
    }

    private void deliverLogged(long id, Message message, Route[] routes) {
        long mask = 0;
        for (Route route : routes) {
            mask |= route.loggedShards();
        }
        for (; mask != 0; mask &= mask - 1) {
            Shard shard = shards.first(mask);
            if (shard.isCongested()) {
                shard.loseForwards(); // the log has the message
            } else {
                Delivery delivery = new Delivery(shard, Delivery.To.LOGGED, id, message, routes);
                shard.post(traces.takes(id) ? traces.delivery(id, delivery) : delivery);
            }
        }
    }

    /**
     * Returns whether it goes to other nodes. The masks are read now, after the commit: a node that has had this node's word for its route gets
     * all that is committed later.
     */
    private boolean forwardLogged(int lane, Publication publication) {
        long nodes = 0;
        for (Route route : publication.routes()) {
            nodes |= route.loggedNodes();
        }
        if (nodes != 0) {
            peers.logged(lane, publication.id(), publication.message(), nodes);
        }
        return nodes != 0;
    }

    /** All that was committed in the lane up to the head was handed over here, or is not for this node. In the lane's order. */
    public void completeUpTo(int lane, long head) {
        for (Shard shard : shards.all()) {
            shard.post(() -> shard.watermark().raise(lane, head));
        }
    }

    /** Something that was committed was not handed over: all who follow the log read it from where they are. */
    public void loseForwards() {
        shards.all().forEach(Shard::loseForwards);
    }

    /** Moves the heads of idle lanes up. */
    public void touch() {
        lanes.forEach(LaneWriter::touch);
    }

    /** Ends when all that was appended is committed. */
    public Future<Void> close() {
        return Future.join(lanes.stream().map(LaneWriter::close).toList())
                .<Void>mapEmpty()
                .onComplete(closed -> traces.close());
    }

    /** What happens to a lane's messages after their commit, in its order. */
    private final class Committer implements LaneListener {
        private final int lane;
        private final Runnable fenced;
        private final BatchMeter meter;
        private long head;
        private long batchNanos;

        Committer(Leases.Lane lane, Runnable fenced, BatchMeter meter) {
            this.meter = meter;
            this.lane = lane.laneId();
            this.head = lane.head();
            this.fenced = fenced;
        }

        @Override
        public void committed(List<Append> batch, long newHead) {
            for (Append append : batch) {
                switch (append) {
                    case Publication publication -> {
                        if (!publication.isCertain()) {
                            deliverAtOnce(publication.message(), publication.routes());
                        }
                        if (publication.message().qos() > 0) { // groups in memory follow the lanes too
                            deliverLogged(publication.id(), publication.message(), publication.routes());
                            traced(publication, forwardLogged(lane, publication));
                        }
                        publication.committed();
                    }
                    case RetainedCopy copy -> copy.decided();
                    default -> throw new IllegalStateException("an append of unknown kind: " + append);
                }
            }
            completeUpTo(lane, newHead);
            peers.committed(lane, head, newHead);
            head = newHead;
        }

        private void traced(Publication publication, boolean forwarded) {
            if (traces.takes(publication.id())) {
                traces.committed(new Traces.Committed(
                        publication.id(), publication.message(), publication.publishedNanos(), batchNanos, forwarded));
            }
        }

        @Override
        public void measured(int appends, long nanos) {
            batchNanos = nanos;
            meter.committed(appends, nanos);
        }

        @Override
        public void refused(Append append) {
            switch (append) {
                case Publication publication -> publication.refused();
                case RetainedCopy copy -> copy.decided();
                default -> throw new IllegalStateException("an append of unknown kind: " + append);
            }
        }

        @Override
        public void drained() {
            shards.resumePublishers();
        }

        @Override
        public void fenced() {
            fenced.run();
        }
    }
}
