package io.tuskmq.node.session;

import io.tuskmq.storage.Message;
import io.vertx.core.Future;
import io.vertx.core.Promise;

/** A will on its way: its append consumes the stored will, so that it is published once, whichever node comes first (I8). */
final class WillPublication extends Publication {
    private final Promise<Boolean> published = Promise.promise();

    WillPublication(LiveRoutes liveRoutes, Message message, long willId) {
        super(liveRoutes, message, null, willId);
    }

    /** True when it was published, false when another node had done it. */
    Future<Boolean> published() {
        return published.future();
    }

    @Override
    void committed() {
        published.complete(true);
    }

    @Override
    void refused() {
        published.complete(false);
    }
}
