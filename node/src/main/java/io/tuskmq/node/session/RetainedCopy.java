package io.tuskmq.node.session;

import io.tuskmq.storage.Append;
import io.tuskmq.storage.Message;
import io.vertx.core.Future;
import io.vertx.core.Promise;

/** A durable copy of a retained message in the private queue of one session: its new subscription was promised it. */
final class RetainedCopy extends Append {
    private final long[] filterIds;
    private final Promise<Long> logId = Promise.promise();

    RetainedCopy(Message message, long sessionId) {
        super(message, null, 0);
        this.filterIds = new long[] {-sessionId};
    }

    /** Completes with the log id; on the lane's thread. */
    Future<Long> stored() {
        return logId.future();
    }

    void committed() {
        logId.complete(id());
    }

    void refused() {
        logId.fail("a copy has neither receipt nor will: it can't be refused");
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
