package io.tuskmq.node.simulation;

import io.tuskmq.node.cluster.ClusterNode;
import io.tuskmq.node.cluster.Host;
import io.tuskmq.node.cluster.PeerClients;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.rules.Claimant;
import io.tuskmq.node.rules.ConnectRules;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.rules.SessionLimits;
import io.tuskmq.node.session.Broker;
import io.tuskmq.node.session.Claims;
import io.tuskmq.node.session.ClientIds;
import io.tuskmq.node.session.ClientSessions;
import io.tuskmq.node.session.Directory;
import io.tuskmq.node.session.Groups;
import io.tuskmq.node.session.LiveRoutes;
import io.tuskmq.node.session.LogQuota;
import io.tuskmq.node.session.Quotas;
import io.tuskmq.node.session.RetainedQuota;
import io.tuskmq.node.session.Router;
import io.tuskmq.node.session.SessionCounters;
import io.tuskmq.node.session.Shards;
import io.tuskmq.node.session.SysTopics;
import io.tuskmq.node.session.WillPublisher;
import io.tuskmq.storage.Leases;
import io.tuskmq.storage.Store;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One incarnation of a node: everything that serves clients is the real thing, wired as in {@code Node}, on simulated surroundings. */
final class SimBroker implements Host, PeerClients {
    private static final Quotas QUOTAS =
            new Quotas(new LogQuota(0, new Metrics()), new RetainedQuota(0, 0, new Metrics()));

    private static final long LEASE_MILLIS = 4_000;
    private static final long JOIN_MILLIS = 20_000;
    private static final long DRAIN_MILLIS = 1_000;

    /** What a process stands on. */
    record Around(
            Schedule schedule,
            Faults faults,
            ClusterBug bug,
            SimNetwork network,
            SimProcess process,
            SimClientIds ids,
            String machine) {}

    /** Whom a node serves: see {@code Node}. */
    private enum State {
        JOINING,
        SERVING,
        SUSPENDED,
        ENDING
    }

    private final Around around;
    private final SimDatabaseState database;
    private final SessionLimits limits;
    private final Vertx vertx;
    private final SimCalls calls;
    private final SimCluster others;
    private final Shards shards;
    private final LiveRoutes routes;
    private final ClusterNode cluster;
    private final Store store;
    private final Router router;
    private final List<Context> contexts = new ArrayList<>();
    private State state = State.JOINING;
    private @Nullable Directory directory;
    private @Nullable WillPublisher wills;
    private long incarnation;
    private Runnable ended = () -> {};

    SimBroker(Around around, SimDatabaseState database, SessionLimits limits) {
        this.around = around;
        this.database = database;
        this.limits = limits;
        SimProcess process = around.process();
        SimVertx simVertx = new SimVertx(process);
        vertx = simVertx.vertx();
        for (int i = 0; i < 2; i++) {
            contexts.add(simVertx.context("shard" + i));
        }
        calls = new SimCalls(around.schedule(), around.faults(), process, database);
        others = new SimCluster(around);
        shards = new Shards(process::wallMillis);
        routes = new LiveRoutes();
        cluster = new ClusterNode(vertx, others, new Metrics(), process::monotonicMillis);
        routes.tell(cluster.peers());
        store = new SimStoreOfNode(database.of(calls, routes), database);
        router = new Router(routes, shards, cluster.peers());
    }

    /** @param whenEnded the process must be started anew */
    void start(String name, boolean again, Runnable whenEnded) {
        ended = whenEnded;
        Future<?> alone = again
                ? store.leases()
                        .hasNamesake(name, 0)
                        .compose(taken -> taken
                                ? Future.failedFuture("another node is called " + name)
                                : Future.succeededFuture())
                : store.leases().endNamesakes(name);
        alone.compose(done -> cluster.open())
                .compose(address -> {
                    long sentAt = around.process().monotonicMillis();
                    return store.leases()
                            .register(name, 1 + around.schedule().below(2), LEASE_MILLIS, address)
                            .compose(lease -> store.filters().catchUp().compose(version -> serve(name, lease, sentAt)));
                })
                .onFailure(failure -> end());
    }

    private Future<Void> serve(String name, Leases.Lease lease, long registeredAt) {
        incarnation = lease.incarnation();
        calls.incarnation(incarnation);
        database.leased(incarnation, lease.lanes());
        SessionCounters counters = new SessionCounters(new Metrics());
        WillPublisher publisher = new WillPublisher(store, router, counters, QUOTAS.retained());
        Claims claims = new Claims(vertx, store);
        Groups groups = new Groups(claims, incarnation, cluster.groupPeers());
        var broker = new Broker(store, router, counters, new SysTopics(router), groups, QUOTAS);
        groups.serve(broker, vertx, shards);
        ClientIds ids = cluster.clientIds();
        var sessions = new ClientSessions(
                broker,
                claims,
                publisher,
                ids,
                new ClientSessions.Limits(ConnectRules.Limits.DEFAULT, limits, 0, incarnation));
        Directory connected = new Directory(vertx, shards, sessions, ids, counters);
        directory = connected;
        wills = publisher;
        router.open(store, lease.lanes(), this::fenced);
        var registered = new ClusterNode.Registered(name, lease, LEASE_MILLIS, registeredAt);
        var parts = new ClusterNode.Parts(store.leases(), routes, router, groups);
        return cluster.join(registered, parts, this, this, JOIN_MILLIS).onSuccess(joined -> {
            every(500, publisher::sweep);
            every(1_000, () -> store.sessions().endExpired(100));
            every(10_000, () -> store.filters().removeUnused(500));
            every(3_000, () -> store.sessions().endUnusedGroups(100));
            every(1_000, () -> {
                router.touch();
                return Future.succeededFuture();
            });
            if (state == State.JOINING) {
                state = State.SERVING;
            }
        });
    }

    /** As {@code Housekeeping} does. */
    private void every(long millis, Supplier<Future<?>> work) {
        vertx.setTimer(millis, timer -> work.get().onComplete(done -> every(millis, work)));
    }

    private void end() {
        if (!around.process().isDead()) {
            ended.run();
        }
    }

    /** The process is killed: sockets are closed by its machine. */
    void die() {
        around.process().kill();
        others.die();
    }

    SimProcess process() {
        return around.process();
    }

    SimCalls calls() {
        return calls;
    }

    SimCluster others() {
        return others;
    }

    long incarnation() {
        return incarnation;
    }

    /** Whether it holds its lease, and so may have connections (I5). */
    boolean holdsLease() {
        return !around.process().isDead() && database.inside().hasLease(incarnation);
    }

    /** Where a new connection lives; null when nobody listens. */
    @Nullable
    Context listens() {
        return state == State.JOINING || around.process().isDead()
                ? null
                : contexts.get(around.schedule().below(contexts.size()));
    }

    Directory directory() {
        Directory there = directory;
        if (there == null) {
            throw new IllegalStateException("nobody listens yet");
        }
        return there;
    }

    @Override
    public String toString() {
        return around.machine() + " incarnation " + incarnation + " " + state + " misses " + others.missing();
    }

    // --- the lease, as in Node

    @Override
    public boolean isServing() {
        return state == State.SERVING;
    }

    @Override
    public void suspend() {
        if (state == State.SERVING && around.bug() != ClusterBug.SERVES_AFTER_LEASE) {
            state = State.SUSPENDED;
            drop("this node can't renew its lease");
        }
    }

    @Override
    public void resume() {
        if (state == State.SUSPENDED) {
            state = State.SERVING;
            directory().open();
        }
    }

    @Override
    public void fenced() {
        if (state != State.ENDING) {
            boolean listened = state != State.JOINING;
            state = State.ENDING;
            cluster.stopHeartbeat();
            if (around.bug() == ClusterBug.SERVES_AFTER_REVOKE) {
                return;
            }
            if (listened) {
                drop("this node lost its lease");
            }
            vertx.setTimer(DRAIN_MILLIS, timer -> end());
        }
    }

    private void drop(String why) {
        int reason = cluster.hasPeers() ? ReasonCodes.USE_ANOTHER_SERVER : ReasonCodes.SERVER_BUSY;
        directory().closeAll(reason, why);
    }

    @Override
    public void othersEnded() {
        WillPublisher publisher = wills;
        if (publisher != null) {
            publisher.sweep();
        }
    }

    @Override
    public Future<ClientIds.Answer> letGo(Claimant newer, long number) {
        return around.bug() == ClusterBug.NOBODY_LETS_GO
                ? Future.succeededFuture(ClientIds.Answer.LET_GO)
                : directory().letGo(newer, number);
    }

    @Override
    public void checkIds() {
        directory().checkIds();
    }

    @Override
    public void takeIdsAgain() {
        directory().takeIdsAgain();
    }
}
