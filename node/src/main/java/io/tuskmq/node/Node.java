package io.tuskmq.node;

import io.tuskmq.migrations.DatabaseUrl;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.mqtt.MqttListener;
import io.tuskmq.node.mqtt.MqttOptions;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.Broker;
import io.tuskmq.node.session.Claims;
import io.tuskmq.node.session.ClientSessions;
import io.tuskmq.node.session.Directory;
import io.tuskmq.node.session.Groups;
import io.tuskmq.node.session.LiveRoutes;
import io.tuskmq.node.session.LogQuota;
import io.tuskmq.node.session.Router;
import io.tuskmq.node.session.SessionCounters;
import io.tuskmq.node.session.Shards;
import io.tuskmq.node.session.SysTopics;
import io.tuskmq.node.session.WillPublisher;
import io.tuskmq.storage.Leases;
import io.tuskmq.storage.PgStore;
import io.tuskmq.storage.StorageException;
import io.tuskmq.storage.Store;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The broker itself, wired by constructors: store, routes, sessions, listener, housekeeping. */
public final class Node {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    private static final long PARTITION_MILLIS = 3_600_000;
    private static final long LOG_SIZE_MILLIS = 2_000;
    /** Clients get their DISCONNECT, and what they leave is stored, within this; then the node goes on stopping. */
    private static final long RELEASE_MILLIS = 8_000;
    /** A job may wait for a database that is away. */
    private static final long JOBS_MILLIS = 2_000;

    private final Store store;
    private final Leases.Lease lease;
    private final Router router;
    private final Directory directory;
    private final Groups groups;
    private final MqttListener listener;
    private final Housekeeping housekeeping;
    private final Runnable fenced;
    private volatile boolean serving;

    private Node(Parts parts, Clients clients, Housekeeping housekeeping, Runnable fenced) {
        this.store = parts.store();
        this.lease = parts.lease();
        this.router = parts.router();
        this.directory = clients.directory();
        this.groups = clients.groups();
        this.listener = clients.listener();
        this.housekeeping = housekeeping;
        this.fenced = fenced;
    }

    /** What stands below the sessions. */
    private record Parts(Store store, Leases.Lease lease, Shards shards, Router router) {}

    /** What serves clients. */
    private record Clients(Directory directory, Groups groups, MqttListener listener) {}

    /**
     * Starts on a database whose schema is current; completes when clients are accepted.
     *
     * @param fenced called when another node has revoked this one's lease: it has dropped its clients, and the process should end
     */
    public static Future<Node> start(
            Vertx vertx, Settings settings, DatabaseUrl database, Metrics metrics, Runnable fenced) {
        Shards shards = new Shards();
        LiveRoutes routes = new LiveRoutes(shards);
        Store store = PgStore.open(vertx, database, NodeSettings.store(settings, PARTITION_MILLIS), routes);
        Router router = new Router(routes, shards);
        long leaseMillis = TimeUnit.SECONDS.toMillis(settings.get(Settings.NODE_LEASE_SECONDS));
        String name = settings.get(Settings.NODE_NAME);
        return store.maintainLog(NodeSettings.retentionMillis(settings))
                .compose(made -> store.leases().endNamesakes(name))
                .compose(ended -> store.leases().register(name, settings.get(Settings.LOG_LANES), leaseMillis))
                .compose(lease -> store.filters().catchUp().map(version -> new Parts(store, lease, shards, router)))
                .compose(parts -> serve(vertx, settings, metrics, parts, fenced))
                .recover(failure -> store.close().transform(closed -> Future.failedFuture(failure)));
    }

    private static Future<Node> serve(Vertx vertx, Settings settings, Metrics metrics, Parts parts, Runnable fenced) {
        SessionCounters counters = new SessionCounters(metrics);
        SysTopics sysTopics = new SysTopics(parts.router());
        WillPublisher wills = new WillPublisher(parts.store(), parts.router(), counters);
        Claims claims = new Claims(vertx, parts.store());
        Groups groups = new Groups(claims, parts.lease().incarnation());
        LogQuota quota = new LogQuota(settings.get(Settings.LOG_QUOTA_BYTES), metrics);
        var broker = new Broker(parts.store(), parts.router(), counters, sysTopics, groups, quota);
        var sessions = new ClientSessions(
                broker,
                claims,
                wills,
                new ClientSessions.Limits(
                        NodeSettings.connect(settings),
                        NodeSettings.session(settings),
                        NodeSettings.backlogMessagesMax(settings),
                        parts.lease().incarnation()));
        Directory directory = new Directory(parts.shards(), sessions, counters);
        MqttOptions options = NodeSettings.mqtt(settings);
        MqttListener listener = new MqttListener(vertx, options, directory);
        Housekeeping housekeeping = new Housekeeping(vertx);
        Node node = new Node(parts, new Clients(directory, groups, listener), housekeeping, fenced);
        parts.router().open(parts.store(), parts.lease().lanes(), node::leaseLost);
        return measure(parts.store(), quota)
                .compose(measured -> listener.listen())
                .map(listening -> {
                    housekeeping.every(LOG_SIZE_MILLIS, "log size", () -> measure(parts.store(), quota));
                    node.keepHouse(
                            settings,
                            counters,
                            wills,
                            new SysReport(sysTopics, counters, settings.get(Settings.NODE_NAME)));
                    node.serving = true;
                    LOG.info(
                            "node={} incarnation={} lanes={}",
                            settings.get(Settings.NODE_NAME),
                            node.lease.incarnation(),
                            node.lease.lanes().size());
                    return node;
                });
    }

    private static Future<Void> measure(Store store, LogQuota quota) {
        return store.logBytes().onSuccess(quota::measured).mapEmpty();
    }

    private void keepHouse(Settings settings, SessionCounters counters, WillPublisher wills, SysReport report) {
        long leaseMillis = TimeUnit.SECONDS.toMillis(settings.get(Settings.NODE_LEASE_SECONDS));
        long retentionMillis = NodeSettings.retentionMillis(settings);
        // In this order: a process that was paused renews its own lease before it looks for those that have ended.
        housekeeping.every(
                leaseMillis / 4,
                "lease",
                () -> store.leases()
                        .renew(lease.incarnation(), leaseMillis)
                        .onFailure(this::stopIfFenced)
                        .compose(renewed -> store.leases().endExpired()));
        housekeeping.every(500, "wills", wills::sweep);
        housekeeping.every(30_000, "unused groups", () -> store.sessions().endUnusedGroups(100));
        housekeeping.every(1_000, "expired sessions", () -> store.sessions().endExpired(100));
        housekeeping.every(
                5_000, "expired retained messages", () -> store.retained().deleteExpired(500));
        housekeeping.every(10_000, "unused filters", () -> store.filters().removeUnused(500));
        housekeeping.every(
                60_000,
                "log partitions",
                () -> store.maintainLog(retentionMillis).onSuccess(counters::retention));
        housekeeping.every(1_000, "idle lanes", () -> {
            router.touch();
            return Future.succeededFuture();
        });
        housekeeping.every(SysReport.EVERY_MILLIS, "$SYS", report::publish);
    }

    private void stopIfFenced(Throwable failure) {
        if (failure instanceof StorageException storage && storage.kind() == StorageException.Kind.FENCED) {
            leaseLost();
        }
    }

    /** Another node may have this one's lanes and sessions: its clients must go at once. */
    private void leaseLost() {
        serving = false;
        directory.closeAll(ReasonCodes.SERVER_BUSY, "this node lost its lease");
        fenced.run();
    }

    /** Whether clients are served now. */
    public boolean ready() {
        return serving;
    }

    /** {@code host:port} as listened on. */
    public String mqttAddress() {
        return listener.host() + ":" + listener.port();
    }

    /** The WebSocket port, or {@link MqttOptions#OFF}. */
    public int webSocketPort() {
        return listener.webSocketPort();
    }

    /**
     * Stops: takes no more clients, ends those that are there (MQTT 5: DISCONNECT 0x8B), stores what they leave, publishes their wills,
     * waits for all appends, and gives lanes and lease back.
     */
    public Future<Void> stop() {
        serving = false;
        listener.stopAccepting();
        return directory
                .closeAll(ReasonCodes.SERVER_SHUTTING_DOWN, "server shutting down")
                .compose(released -> groups.closeAll())
                .timeout(RELEASE_MILLIS, TimeUnit.MILLISECONDS)
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
                .compose(drained -> store.leases().release(lease.incarnation()))
                .eventually(() -> store.close());
    }
}
