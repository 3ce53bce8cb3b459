package io.tuskmq.cluster.hazelcast;

import io.tuskmq.cluster.Cluster.Listener;
import java.util.function.ObjIntConsumer;

/** Where a peer's routes go: to the listener, in turn with the other calls about the peer. */
record RouteSink(PeerSlot slot, Listener listener) implements PeerFollower.Sink {
    @Override
    public void route(String filter, int flags) {
        slot.call(() -> listener.route(slot.slot, filter, flags));
    }

    /** Not under the lock: it reads all of them, and messages of the peer would wait for that. */
    @Override
    public void forEachRoute(ObjIntConsumer<String> each) {
        listener.forEachRoute(slot.slot, each::accept);
    }
}
