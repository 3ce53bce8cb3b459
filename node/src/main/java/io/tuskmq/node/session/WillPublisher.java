package io.tuskmq.node.session;

import io.tuskmq.node.rules.WillRules;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Store;
import io.tuskmq.storage.Wills.DueWill;
import io.vertx.core.Future;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Publishes wills: those of connections that just broke, and those that fell due in the store, whoever had stored them. */
public final class WillPublisher {
    private static final Logger LOG = LoggerFactory.getLogger(WillPublisher.class);
    private static final int SWEEP = 200;

    private final Store store;
    private final Router router;
    private final SessionCounters counters;
    private final RetainedQuota quota;
    private final AtomicLong sweeps = new AtomicLong();
    private volatile WillCheck check = will -> Future.succeededFuture(true);
    /** On their way from this node: the sweep leaves them alone. */
    private final Set<Long> onTheirWay = ConcurrentHashMap.newKeySet();
    /** Dropped by their clients, which is not stored yet. */
    private final Set<Long> dropped = ConcurrentHashMap.newKeySet();

    public WillPublisher(Store store, Router router, SessionCounters counters, RetainedQuota quota) {
        this.store = store;
        this.router = router;
        this.counters = counters;
        this.quota = quota;
    }

    /** Those that it doesn't allow are dropped. Before any client comes. */
    public void checkedBy(WillCheck other) {
        check = other;
    }

    /** Completes when all of them are published, by this node or another, or are found to be dropped. */
    Future<Void> publish(List<DueWill> wills) {
        return Future.all(wills.stream().map(this::publishStored).toList()).mapEmpty();
    }

    private Future<Boolean> publishStored(DueWill will) {
        return check.mayFire(will)
                .compose(may -> may
                        ? publish(will)
                        : store.wills()
                                .apply(will.willId(), new Sessions.WillAction.Drop())
                                .map(false));
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
        Message message = quota.kept(WillRules.published(will, router.nowMillis()));
        WillPublication publication = new WillPublication(router.liveRoutes(), message, will.willId());
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

    /** The same, and completes when the other nodes have it too: what the client publishes there comes after it. */
    Future<Void> publishForAll(DueWill will) {
        return publish(will)
                .compose(published -> published ? router.peers().wills().passed() : Future.succeededFuture());
    }

    /** Completes when no will of the client is on its way from any node. */
    Future<Void> settled(String clientId) {
        return router.peers().wills().settled(clientId);
    }

    /** Publishes what is due; completes when the store has no more of it, or fails as the store does. */
    public Future<Void> sweep() {
        return store.wills()
                .due(SWEEP)
                .compose(due -> publishAnnounced(due.stream()
                                .filter(will -> !onTheirWay.contains(will.willId()))
                                .toList())
                        .compose(some -> some && due.size() == SWEEP ? sweep() : Future.succeededFuture()));
    }

    /**
     * First the other nodes are told whose wills come: a client that comes back to one of them waits until all nodes have its will. Completes with
     * whether any was published.
     */
    private Future<Boolean> publishAnnounced(List<DueWill> due) {
        if (due.isEmpty()) {
            return Future.succeededFuture(false);
        }
        WillPeers others = router.peers().wills();
        long sweep = sweeps.incrementAndGet();
        return others.announce(sweep, due.stream().map(DueWill::clientId).toList())
                .compose(known ->
                        Future.all(due.stream().map(this::publishStored).toList()))
                .compose(done -> others.passed().map(done.<Boolean>list().contains(true)))
                .onComplete(done -> others.over(sweep));
    }
}
