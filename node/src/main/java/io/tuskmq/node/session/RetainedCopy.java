package io.tuskmq.node.session;

import io.tuskmq.storage.Append;
import io.vertx.core.Future;
import io.vertx.core.Promise;

/** A durable copy of a retained message in the private queue of one session: its new subscription was promised it. */
final class RetainedCopy extends Append {
    private final long[] filterIds;
    private final Handover handover;
    private final Promise<Void> done = Promise.promise();

    RetainedCopy(Handover handover) {
        super(handover.read().asRetainedFor(handover.qosMax(), handover.added()), null, 0);
        this.filterIds = new long[] {-handover.sessionId()};
        this.handover = handover;
    }

    /** Completes when it is decided: the queue has the topic's message, or it was not to be copied. On the lane's thread. */
    Future<Void> done() {
        return done.future();
    }

    void decided() {
        done.complete();
    }

    @Override
    public Handover handover() {
        return handover;
    }

    @Override
    public void match() {
        // It is for one session, whatever filters there are.
    }

    @Override
    public long[] filterIds() {
        return filterIds;
    }

    @Override
    public long filtersVersion() {
        return Long.MAX_VALUE;
    }

    @Override
    public boolean changesRetained() {
        return false;
    }
}
