package io.tuskmq.node;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.migrations.DatabaseUrl;
import io.tuskmq.node.auth.AccessWatch;
import io.tuskmq.node.auth.Doorkeeper;
import io.tuskmq.node.cluster.ClusterNode;
import io.tuskmq.node.cluster.Host;
import io.tuskmq.node.cluster.PeerClients;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.mqtt.MqttListener;
import io.tuskmq.node.mqtt.MqttOptions;
import io.tuskmq.node.rules.Claimant;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.BatchMeter;
import io.tuskmq.node.session.Broker;
import io.tuskmq.node.session.Claims;
import io.tuskmq.node.session.ClientIds;
import io.tuskmq.node.session.ClientSessions;
import io.tuskmq.node.session.Directory;
import io.tuskmq.node.session.Groups;
import io.tuskmq.node.session.LiveRoutes;
import io.tuskmq.node.session.PrincipalLimit;
import io.tuskmq.node.session.Quotas;
import io.tuskmq.node.session.Router;
import io.tuskmq.node.session.SessionCounters;
import io.tuskmq.node.session.Shards;
import io.tuskmq.node.session.SysTopics;
import io.tuskmq.node.session.WillPublisher;
import io.tuskmq.node.tls.CertificateWatch;
import io.tuskmq.storage.Leases;
import io.tuskmq.storage.PgStore;
import io.tuskmq.storage.Store;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The broker itself, wired by constructors: store, routes, cluster, sessions, listener, housekeeping. */
public final class Node implements Host {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    private static final long PARTITION_MILLIS = 3_600_000;
    private static final long LOG_SIZE_MILLIS = 2_000;
    /** So long a flood may go on above the limit. */
    private static final long RETAINED_USAGE_MILLIS = 500;
    /** Clients get their DISCONNECT, and what they leave is stored, within this; then the node goes on stopping. */
    private static final long RELEASE_MILLIS = 8_000;
    /** A job may wait for a database that is away. */
    private static final long JOBS_MILLIS = 2_000;

    private final Store store;
    private final Leases.Lease lease;
    private final Router router;
    private final ClusterNode cluster;
    /** Where it works for its clients when the heartbeat, which has another thread, asks for it. */
    private final Context context;

    private final Directory directory;
    private final Groups groups;
    private final WillPublisher wills;
    private final MqttListener listener;
    private final Housekeeping housekeeping;
    private final long stopMillis;
    private final Runnable fenced;
    private final AccessParts access;
    private final AtomicReference<State> state = new AtomicReference<>(State.JOINING);

    /** Whom a node serves. */
    private enum State {
        /** Nobody yet: it does not know the others' routes. */
        JOINING,
        SERVING,
        /** Nobody for now: its lease may be over. */
        SUSPENDED,
        /** Nobody any more. */
        ENDING
    }

    private Node(
            Parts parts,
            Clients clients,
            Settings settings,
            Housekeeping housekeeping,
            Runnable fenced,
            AccessParts access) {
        this.store = parts.store();
        this.lease = parts.lease();
        this.router = parts.router();
        this.cluster = parts.cluster();
        this.context = clients.context();
        this.directory = clients.directory();
        this.groups = clients.groups();
        this.wills = clients.wills();
        this.listener = clients.listener();
        this.housekeeping = housekeeping;
        this.stopMillis = TimeUnit.SECONDS.toMillis(settings.get(Settings.NODE_STOP_SECONDS));
        this.fenced = fenced;
        this.access = access;
    }

    /** What stands below the sessions. */
    private record Parts(
            Store store,
            Leases.Lease lease,
            Shards shards,
            LiveRoutes routes,
            Router router,
            ClusterNode cluster,
            Cluster others) {}

    /** What serves clients. */
    private record Clients(
            Context context, Directory directory, Groups groups, WillPublisher wills, MqttListener listener) {}

    /** What a node is started with. */
    public record Surroundings(EventLoops loops, Settings settings, DatabaseUrl database, Metrics metrics) {
        Vertx vertx() {
            return loops.clients();
        }
    }

    /**
     * Starts on a database whose schema is current; completes when clients are accepted.
     *
     * @param others how it reaches other nodes
     * @param again this process had a node of the name before, which was fenced: then no namesake is ended, and none is waited for
     * @param fenced called when another node has revoked this one's lease: it has dropped its clients, and must be started anew
     */
    public static Future<Node> start(Surroundings around, Cluster others, boolean again, Runnable fenced) {
        Settings settings = around.settings();
        Shards shards = new Shards();
        LiveRoutes routes = new LiveRoutes();
        ClusterNode cluster = new ClusterNode(around.vertx(), around.loops().heartbeat(), others, around.metrics());
        routes.tell(cluster.peers());
        Store store = PgStore.open(
                new PgStore.Loops(around.vertx(), around.loops().heartbeat()),
                around.database(),
                NodeSettings.store(settings, PARTITION_MILLIS),
                routes);
        Router router = new Router(routes, shards, cluster.peers());
        long leaseMillis = NodeSettings.leaseMillis(settings);
        String name = settings.get(Settings.NODE_NAME);
        NodeName nodeName = new NodeName(around.vertx(), store.leases(), name, leaseMillis);
        // Registering makes the log's partitions; dropping old ones is no part of a start.
        return (again ? nodeName.leaveToOthers() : nodeName.take())
                .compose(ended -> cluster.open())
                .compose(address -> {
                    long sentAt = ClusterNode.now();
                    return store.leases()
                            .register(name, settings.get(Settings.LOG_LANES), leaseMillis, address)
                            .compose(nodeName::firstOf)
                            .compose(lease -> store.filters()
                                    .catchUp()
                                    .map(version -> new Parts(store, lease, shards, routes, router, cluster, others)))
                            .compose(parts -> serve(around, parts, sentAt, fenced));
                })
                .recover(failure ->
                        cluster.close().eventually(store::close).transform(closed -> Future.failedFuture(failure)));
    }

    private static Future<Node> serve(Surroundings around, Parts parts, long registeredAt, Runnable fenced) {
        Settings settings = around.settings();
        Vertx vertx = around.vertx();
        SessionCounters counters = new SessionCounters(around.metrics());
        SysTopics sysTopics = new SysTopics(parts.router());
        Quotas quotas = NodeSettings.quotas(settings, around.metrics());
        WillPublisher wills = new WillPublisher(parts.store(), parts.router(), counters, quotas.retained());
        Claims claims = new Claims(vertx, parts.store());
        Groups groups =
                new Groups(claims, parts.lease().incarnation(), parts.cluster().groupPeers());
        var broker = new Broker(parts.store(), parts.router(), counters, sysTopics, groups, quotas);
        groups.serve(broker, vertx, parts.shards());
        ClientIds ids = parts.cluster().clientIds();
        var limits = new ClientSessions.Limits(
                NodeSettings.connect(settings),
                NodeSettings.session(settings),
                NodeSettings.backlogMessagesMax(settings),
                parts.lease().incarnation());
        var sessions = new ClientSessions(broker, claims, wills, ids, limits);
        Directory directory = new Directory(vertx, parts.shards(), sessions, ids, counters);
        AccessParts access = AccessParts.of(around, parts.store());
        Doorkeeper doorkeeper = new Doorkeeper(
                vertx,
                PrincipalLimit.before(
                        directory, settings.get(LimitSettings.CONNECTIONS_PER_PRINCIPAL_MAX), around.metrics()),
                access.house());
        AccessWatch watch = access.watch(doorkeeper, directory::checkRights);
        wills.checkedBy(access.storedWills());
        MqttListener listener = new MqttListener(vertx, NodeSettings.mqtt(settings), doorkeeper);
        Future<Certificates> certificates = Certificates.of(around, parts.others(), listener);
        listener.counters().register(around.metrics());
        var clients = new Clients(((VertxInternal) vertx).createEventLoopContext(), directory, groups, wills, listener);
        Node node = new Node(parts, clients, settings, new Housekeeping(vertx), fenced, access);
        parts.router().open(parts.store(), parts.lease().lanes(), node::fenced, watched(around));
        DatabaseWatch database = new DatabaseWatch(parts.store().survey(), parts.cluster()::isFirst);
        database.register(around.metrics(), parts.shards(), parts.store());
        registerLanes(around.metrics(), parts.lease(), settings);
        String name = settings.get(Settings.NODE_NAME);
        return node.join(parts, settings, registeredAt)
                .compose(joined -> measure(parts.store(), quotas))
                .compose(measured -> watch.begin())
                .compose(looked -> certificates)
                .compose(read -> listener.listen())
                .map(listening -> {
                    node.housekeeping.every(
                            LOG_SIZE_MILLIS,
                            "log size",
                            () -> parts.store().logBytes().onSuccess(quotas.log()::measured));
                    node.housekeeping.every(
                            RETAINED_USAGE_MILLIS, "retained usage", () -> measureRetained(parts.store(), quotas));
                    node.housekeeping.every(
                            CertificateWatch.EVERY_MILLIS,
                            "certificates",
                            () -> certificates
                                    .result()
                                    .look()
                                    .compose(looked -> doorkeeper.checkCertificates(listener.clientTrust())));
                    node.housekeeping.every(AccessWatch.EVERY_MILLIS, "access", watch::look);
                    node.keepHouse(settings, counters, new SysReport(sysTopics, counters, name));
                    node.watch(database);
                    node.state.compareAndSet(State.JOINING, State.SERVING);
                    LOG.info(
                            "node={} incarnation={} lanes={}",
                            name,
                            node.lease.incarnation(),
                            node.lease.lanes().size());
                    return node;
                })
                .recover(failure -> node.abandonStart().transform(abandoned -> Future.failedFuture(failure)));
    }

    private static Router.Watched watched(Surroundings around) {
        return new Router.Watched(BatchMeter.of(around.metrics()), TracingSettings.traces(around.settings()));
    }

    private static void registerLanes(Metrics metrics, Leases.Lease lease, Settings settings) {
        metrics.gauge(
                "tuskmq_lanes",
                "Lanes of the log that this node writes.",
                () -> lease.lanes().size());
        metrics.gauge(
                "tuskmq_lanes_wanted",
                "Lanes that it should have (log.lanes).",
                () -> settings.get(Settings.LOG_LANES));
        double seconds = TimeUnit.MILLISECONDS.toSeconds(NodeSettings.retentionMillis(settings));
        metrics.gauge("tuskmq_log_retention_seconds", "How long the log keeps messages at most.", () -> seconds);
    }

    private void watch(DatabaseWatch database) {
        housekeeping.nowAndEvery(DatabaseWatch.CLOCK_MILLIS, "database clock", database::readClock);
        housekeeping.nowAndEvery(DatabaseWatch.LOG_MILLIS, "log parts", database::readLog);
        housekeeping.nowAndEvery(DatabaseWatch.LOG_MILLIS, "waiting messages", database::readBacklog);
        housekeeping.nowAndEvery(DatabaseWatch.COUNTS_MILLIS, "counts", database::readCounts);
    }

    private static Future<Void> measure(Store store, Quotas quotas) {
        return store.logBytes().onSuccess(quotas.log()::measured).compose(measured -> measureRetained(store, quotas));
    }

    private static Future<Void> measureRetained(Store store, Quotas quotas) {
        return store.retained().usage().onSuccess(quotas.retained()::measured).mapEmpty();
    }

    private Future<Void> join(Parts parts, Settings settings, long registeredAt) {
        var registered = new ClusterNode.Registered(
                settings.get(Settings.NODE_NAME), lease, NodeSettings.leaseMillis(settings), registeredAt);
        var around = new ClusterNode.Parts(store.leases(), store.heartbeat(), parts.routes(), router, groups);
        PeerClients peerClients = new PeerClients() {
            @Override
            public Future<ClientIds.Answer> letGo(Claimant newer, long number) {
                return directory.letGo(newer, number);
            }

            @Override
            public void checkIds() {
                directory.checkIds();
            }

            @Override
            public void takeIdsAgain() {
                directory.takeIdsAgain();
            }
        };
        long timeoutMillis = TimeUnit.SECONDS.toMillis(settings.get(Settings.CLUSTER_JOIN_TIMEOUT_SECONDS));
        return cluster.join(registered, around, this, peerClients, timeoutMillis);
    }

    /** Gives the lease back, so that nobody waits for its end. */
    private Future<Void> abandonStart() {
        state.set(State.ENDING);
        access.close();
        cluster.stopHeartbeat();
        return router.close()
                .timeout(JOBS_MILLIS, TimeUnit.MILLISECONDS)
                .otherwiseEmpty()
                .compose(closed -> store.leases().release(lease.incarnation()));
    }

    private void keepHouse(Settings settings, SessionCounters counters, SysReport report) {
        long retentionMillis = NodeSettings.retentionMillis(settings);
        housekeeping.every(500, "wills", wills::sweep);
        housekeeping.every(30_000, "unused groups", () -> store.sessions().endUnusedGroups(100));
        housekeeping.every(1_000, "expired sessions", () -> store.sessions().endExpired(100));
        housekeeping.every(
                5_000, "expired retained messages", () -> store.retained().deleteExpired(500));
        housekeeping.every(10_000, "unused filters", () -> store.filters().removeUnused(500));
        housekeeping.nowAndEvery(
                60_000,
                "log partitions",
                () -> store.maintainLog(retentionMillis).onSuccess(counters::retention));
        housekeeping.every(1_000, "idle lanes", () -> {
            router.touch();
            return Future.succeededFuture();
        });
        housekeeping.every(SysReport.EVERY_MILLIS, "$SYS", report::publish);
    }

    // --- the lease

    @Override
    public boolean isServing() {
        return state.get() == State.SERVING;
    }

    @Override
    public void suspend() {
        if (state.compareAndSet(State.SERVING, State.SUSPENDED)) {
            context.runOnContext(nothing -> drop("this node can't renew its lease"));
        }
    }

    @Override
    public void resume() {
        if (state.compareAndSet(State.SUSPENDED, State.SERVING)) {
            context.runOnContext(nothing -> directory.open());
        }
    }

    /** Another node may have this one's lanes and sessions: its clients must go at once. */
    @Override
    public void fenced() {
        State before = state.getAndSet(State.ENDING);
        cluster.stopHeartbeat();
        if (before == State.SERVING || before == State.SUSPENDED) { // else the start fails
            context.runOnContext(nothing -> {
                drop("this node lost its lease");
                fenced.run();
            });
        }
    }

    private void drop(String why) {
        int reason = cluster.hasPeers() ? ReasonCodes.USE_ANOTHER_SERVER : ReasonCodes.SERVER_BUSY;
        directory
                .closeAll(reason, why)
                .onFailure(failure -> LOG.warn("not all that clients left is stored: {}", failure.getMessage()));
    }

    @Override
    public void othersEnded() {
        context.runOnContext(nothing -> wills.sweep()
                .onFailure(failure -> LOG.debug("wills of dead nodes come later: {}", failure.getMessage())));
    }

    /** Whether clients are served now. */
    public boolean ready() {
        return isServing();
    }

    /** {@code host:port} as listened on. */
    public String mqttAddress() {
        return listener.host() + ":" + listener.port();
    }

    /** The TLS port, or {@link MqttOptions#OFF}. */
    public int tlsPort() {
        return listener.tlsPort();
    }

    /** The WebSocket port, or {@link MqttOptions#OFF}. */
    public int webSocketPort() {
        return listener.webSocketPort();
    }

    /** The port of WebSocket over TLS, or {@link MqttOptions#OFF}. */
    public int webSocketTlsPort() {
        return listener.webSocketTlsPort();
    }

    /**
     * Stops: is not ready any more, takes no more clients, lets those go that are there (MQTT 5: DISCONNECT 0x9C when other nodes serve,
     * then in portions over {@code node.stop-seconds}; else 0x8B), stores what they leave, publishes their wills, waits for all appends, and
     * gives lanes and lease back.
     */
    public Future<Void> stop() {
        boolean wasFenced = state.getAndSet(State.ENDING) == State.ENDING;
        listener.stopAccepting();
        boolean others = cluster.hasPeers() && !wasFenced;
        Future<Void> left = others
                ? directory.drain(ReasonCodes.USE_ANOTHER_SERVER, "server shutting down", stopMillis)
                : directory.closeAll(ReasonCodes.SERVER_SHUTTING_DOWN, "server shutting down");
        return left.compose(released -> groups.closeAll())
                .timeout(RELEASE_MILLIS + (others ? stopMillis : 0), TimeUnit.MILLISECONDS)
                .recover(late -> {
                    LOG.warn(
                            "some sessions were not released in time; the next start goes on from their last checkpoint");
                    return Future.succeededFuture();
                })
                .compose(released -> housekeeping
                        .stop()
                        .timeout(JOBS_MILLIS, TimeUnit.MILLISECONDS)
                        .otherwiseEmpty())
                .compose(stopped -> listener.close())
                .compose(closed -> router.close().timeout(RELEASE_MILLIS / 2, TimeUnit.MILLISECONDS))
                .onComplete(drained -> cluster.stopHeartbeat())
                .onComplete(drained -> access.close())
                .compose(drained -> store.leases().release(lease.incarnation()))
                .eventually(cluster::close)
                .eventually(store::close);
    }
}
