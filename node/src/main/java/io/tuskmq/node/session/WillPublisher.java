package io.tuskmq.node.session;

import io.tuskmq.node.rules.WillRules;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Store;
import io.tuskmq.storage.Wills.DueWill;
import io.vertx.core.Future;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Publishes wills: those of connections that just broke, and those that fell due in the store, whoever had stored them. */
public final class WillPublisher {
    private static final Logger LOG = LoggerFactory.getLogger(WillPublisher.class);
    private static final int SWEEP = 200;

    private final Store store;
    private final Router router;
    private final SessionCounters counters;
    /** On their way from this node: the sweep leaves them alone. */
    private final Set<Long> onTheirWay = ConcurrentHashMap.newKeySet();
    /** Dropped by their clients, which is not stored yet. */
    private final Set<Long> dropped = ConcurrentHashMap.newKeySet();

    public WillPublisher(Store store, Router router, SessionCounters counters) {
        this.store = store;
        this.router = router;
        this.counters = counters;
    }

    /** Completes when all of them are published, by this node or another, or are found to be dropped. */
    Future<Void> publish(List<DueWill> wills) {
        return Future.all(wills.stream().map(this::publish).toList()).mapEmpty();
    }

    /** True when this call has published it. */
    Future<Boolean> publish(DueWill will) {
        if (dropped.contains(will.willId())) {
            return store.wills()
                    .apply(will.willId(), new Sessions.WillAction.Drop())
                    .map(false);
        }
        if (!onTheirWay.add(will.willId())) {
            return Future.succeededFuture(false);
        }
        WillPublication publication =
                new WillPublication(router.liveRoutes(), WillRules.published(will, router.nowMillis()), will.willId());
        router.publish(publication, router.laneOf(will.clientId()));
        return publication
                .published()
                .onComplete(done -> onTheirWay.remove(will.willId()))
                .onSuccess(published -> {
                    if (published) {
                        counters.willPublished();
                        LOG.info("client={} will published", will.clientId());
                    }
                });
    }

    /** The client has said DISCONNECT: whatever the store says until {@code stored} completes, this will is not published. */
    void drop(long willId, Future<?> stored) {
        dropped.add(willId);
        stored.onComplete(done -> dropped.remove(willId));
    }

    /** Publishes what is due; completes when the store has no more of it, or fails as the store does. */
    public Future<Void> sweep() {
        return store.wills()
                .due(SWEEP)
                .compose(due -> Future.all(due.stream()
                                .filter(will -> !onTheirWay.contains(will.willId()))
                                .map(this::publish)
                                .toList())
                        .compose(done -> {
                            boolean some = done.<Boolean>list().contains(true);
                            return some && due.size() == SWEEP ? sweep() : Future.succeededFuture();
                        }));
    }
}
