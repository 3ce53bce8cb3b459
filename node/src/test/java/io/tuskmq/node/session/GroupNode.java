package io.tuskmq.node.session;

import io.tuskmq.cluster.MemoryCluster;
import io.tuskmq.cluster.MemoryNetwork;
import io.tuskmq.node.cluster.ClusterNode;
import io.tuskmq.node.cluster.Host;
import io.tuskmq.node.cluster.PeerClients;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.rules.Claimant;
import io.tuskmq.node.rules.ConnectRules;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.rules.SessionLimits;
import io.tuskmq.storage.Leases;
import io.tuskmq.storage.MemoryStore;
import io.tuskmq.storage.Message;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A node of several in one JVM: all of it but the MQTT edge, on a memory database and a memory network. */
final class GroupNode {
    private static final Quotas QUOTAS =
            new Quotas(new LogQuota(0, new Metrics()), new RetainedQuota(0, 0, new Metrics()));

    private static final long LEASE_MILLIS = 20_000;

    /** What the nodes of one test share. */
    static final class World implements AutoCloseable {
        final Vertx vertx = Vertx.vertx();
        final MemoryNetwork network = new MemoryNetwork(MemoryNetwork.Runner.on(vertx));
        private final Context database = vertx.getOrCreateContext();
        private @Nullable MemoryStore first;

        GroupNode node(String name) {
            return new GroupNode(this, name);
        }

        @Override
        public void close() {
            get(vertx.close());
        }
    }

    final World world;
    final HeldRunner database;
    final Directory directory;
    final Leases.Lease lease;
    final MemoryStore store;
    final WillPublisher wills;
    /** What other nodes say to this one, when it is to come later. */
    final LateFrames late = new LateFrames();

    final Router router;
    final LiveRoutes routes;
    final Shards shards;
    final SessionCounters counters = new SessionCounters(new Metrics());
    final Groups groups;
    private final ClusterNode cluster;

    private GroupNode(World world, String name) {
        this.world = world;
        shards = new Shards();
        routes = new LiveRoutes();
        database = new HeldRunner(world.database);
        MemoryStore shared = world.first;
        store = shared == null
                ? new MemoryStore(System::currentTimeMillis, database, routes)
                : shared.another(database, routes);
        world.first = store;
        cluster = new ClusterNode(world.vertx, late.over(new MemoryCluster(world.network)), new Metrics());
        routes.tell(cluster.peers());
        router = new Router(routes, shards, cluster.peers());
        long registeredAt = ClusterNode.now();
        lease = get(cluster.open().compose(address -> store.leases().register(name, 1, LEASE_MILLIS, address)));
        get(store.filters().catchUp());
        Claims claims = new Claims(world.vertx, store);
        groups = new Groups(claims, lease.incarnation(), cluster.groupPeers());
        Broker broker = new Broker(store, router, counters, new SysTopics(router), groups, QUOTAS);
        groups.serve(broker, world.vertx, shards);
        var limits =
                new ClientSessions.Limits(ConnectRules.Limits.DEFAULT, SessionLimits.DEFAULT, 0, lease.incarnation());
        ClientIds ids = cluster.clientIds();
        wills = new WillPublisher(store, router, counters, QUOTAS.retained());
        var sessions = new ClientSessions(broker, claims, wills, ids, limits);
        directory = new Directory(world.vertx, shards, sessions, ids, counters);
        router.open(store, lease.lanes(), () -> {});
        var registered = new ClusterNode.Registered(name, lease, LEASE_MILLIS, registeredAt);
        get(cluster.join(
                registered,
                new ClusterNode.Parts(store.leases(), routes, router, groups),
                new Serving(),
                new OfDirectory(),
                20_000));
    }

    static <T> T get(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (InterruptedException
                | java.util.concurrent.ExecutionException
                | java.util.concurrent.TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    /** Completes when it is committed. */
    Future<Void> publish(String topic, String payload, int qos) {
        Promise<Void> committed = Promise.promise();
        Message message = Message.of(topic, payload.getBytes(StandardCharsets.UTF_8), qos, false);
        Publication publication = new Publication(routes, message, null, 0) {
            @Override
            void committed() {
                committed.complete();
            }

            @Override
            void refused() {
                committed.fail("refused");
            }
        };
        router.publish(publication, router.laneOf("publisher"));
        return committed.future();
    }

    void cut(GroupNode other) {
        world.network.cut(lease.incarnation(), other.lease.incarnation());
    }

    void mend(GroupNode other) {
        world.network.mend(lease.incarnation(), other.lease.incarnation());
    }

    /** As by {@code kill -9}. Clients that are here are told nothing. */
    void kill() {
        database.die();
        cluster.stopHeartbeat();
        world.network.kill(lease.incarnation());
    }

    /** Stops in order. */
    void stop() {
        get(directory
                .closeAll(ReasonCodes.SERVER_SHUTTING_DOWN, "stopping")
                .compose(closed -> groups.closeAll())
                .compose(closed -> cluster.close()));
    }

    private static final class Serving implements Host {
        @Override
        public boolean isServing() {
            return true;
        }

        @Override
        public void suspend() {}

        @Override
        public void resume() {}

        @Override
        public void fenced() {}

        @Override
        public void othersEnded() {}
    }

    private final class OfDirectory implements PeerClients {
        @Override
        public Future<ClientIds.Answer> letGo(Claimant newer, long number) {
            return directory.letGo(newer, number);
        }

        @Override
        public void checkIds() {}

        @Override
        public void takeIdsAgain() {}
    }
}
