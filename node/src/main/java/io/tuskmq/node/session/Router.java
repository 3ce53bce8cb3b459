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
 * The way of every message: match, hand it to the shards of those who are served at once, append it to a lane of the log; when it is
 * committed, hand it to the shards of those who read the log, and tell its publisher.
 */
public final class Router {
    private final LiveRoutes liveRoutes;
    private final Shards shards;
    private final List<LaneWriter> lanes = new ArrayList<>();

    public Router(LiveRoutes liveRoutes, Shards shards) {
        this.liveRoutes = liveRoutes;
        this.shards = shards;
    }

    /**
     * Opens the writers of the leased lanes; before the first message.
     *
     * @param fenced called when a lane was lost to another node: this one must drop its clients
     */
    public void open(Store store, List<Leases.Lane> leased, Runnable fenced) {
        for (Leases.Lane lane : leased) {
            lanes.add(store.laneWriter(lane, new Committer(lane.laneId(), fenced)));
        }
    }

    LiveRoutes liveRoutes() {
        return liveRoutes;
    }

    /** The lane of a publisher: always the same one, so that its messages keep their order (I6). */
    LaneWriter laneOf(String clientId) {
        return lanes.get(Math.floorMod(clientId.hashCode(), lanes.size()));
    }

    /** True when a publisher on this lane should not be read from; {@link Shard#resumePublishers} ends it. */
    boolean isFull(LaneWriter lane) {
        return lane.isFull() || shards.isCongested();
    }

    /** The same for a publisher of QoS 0 only, who needs no lane. */
    boolean isCongested() {
        return shards.isCongested();
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

    /** A QoS 1 or 2 message, or one to be retained. */
    void publish(Publication publication, LaneWriter lane) {
        publication.match();
        if (publication.isCertain()) {
            deliverDirect(publication);
        }
        lane.append(publication);
    }

    /** A QoS 0 message: nothing is stored. Returns whether any filter matched. */
    boolean publishAtMostOnce(Message message) {
        Route[] routes = liveRoutes.match(message.topic());
        deliver(message, routes);
        return routes.length > 0;
    }

    private void deliver(Message message, Route[] routes) {
        long mask = 0;
        for (Route route : routes) {
            mask |= route.directShards() | route.loggedShards();
        }
        for (; mask != 0; mask &= mask - 1) {
            Shard shard = shards.first(mask);
            shard.post(new Delivery(shard, Delivery.To.ALL, 0, message, routes));
        }
    }

    private void deliverDirect(Publication publication) {
        if (publication.message().qos() == 0) {
            deliver(publication.message(), publication.routes());
            return;
        }
        long mask = 0;
        for (Route route : publication.routes()) {
            mask |= route.directShards();
        }
        for (; mask != 0; mask &= mask - 1) {
            Shard shard = shards.first(mask);
            shard.post(new Delivery(shard, Delivery.To.DIRECT, 0, publication.message(), publication.routes()));
        }
    }

    private void deliverLogged(Publication publication) {
        if (publication.filterIds().length == 0) {
            return;
        }
        long mask = 0;
        for (Route route : publication.routes()) {
            mask |= route.loggedShards();
        }
        for (; mask != 0; mask &= mask - 1) {
            Shard shard = shards.first(mask);
            if (shard.isCongested()) {
                shard.loseForwards(); // the log has the message
            } else {
                shard.post(new Delivery(
                        shard, Delivery.To.LOGGED, publication.id(), publication.message(), publication.routes()));
            }
        }
    }

    /** Moves the heads of idle lanes up. */
    public void touch() {
        lanes.forEach(LaneWriter::touch);
    }

    /** Ends when all that was appended is committed. */
    public Future<Void> close() {
        return Future.join(lanes.stream().map(LaneWriter::close).toList()).mapEmpty();
    }

    /** What happens to a lane's messages after their commit, in its order. */
    private final class Committer implements LaneListener {
        private final int lane;
        private final Runnable fenced;

        Committer(int lane, Runnable fenced) {
            this.lane = lane;
            this.fenced = fenced;
        }

        @Override
        public void committed(List<Append> batch, long head) {
            for (Append append : batch) {
                switch (append) {
                    case Publication publication -> {
                        if (!publication.isCertain()) {
                            deliverDirect(publication);
                        }
                        deliverLogged(publication);
                        publication.committed();
                    }
                    case RetainedCopy copy -> copy.committed();
                    default -> throw new IllegalStateException("an append of unknown kind: " + append);
                }
            }
            for (Shard shard : shards.all()) {
                shard.post(() -> shard.watermark().raise(lane, head));
            }
        }

        @Override
        public void refused(Append append) {
            switch (append) {
                case Publication publication -> publication.refused();
                case RetainedCopy copy -> copy.refused();
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
