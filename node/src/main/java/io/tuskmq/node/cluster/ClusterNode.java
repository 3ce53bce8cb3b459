package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Peer;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.session.ClientIds;
import io.tuskmq.node.session.GroupPeers;
import io.tuskmq.node.session.Groups;
import io.tuskmq.node.session.LiveRoutes;
import io.tuskmq.node.session.Peers;
import io.tuskmq.node.session.Router;
import io.tuskmq.storage.Leases;
import io.tuskmq.storage.StorageException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** This node's place among the others, wired: what it tells them, what it hears, its lease. */
public final class ClusterNode {
    private static final long BEAT_MILLIS_MAX = 1_000;

    private static final long LOOK_MILLIS = 50;

    private final Vertx vertx;
    private final Supplier<Context> heartbeats;
    private final Cluster cluster;
    private final LongSupplier clock;
    private final ClusterCounters counters;
    private final Forwards forwards;
    private final ClusterGroups groups;
    private final ClusterClientIds ids;
    private final PeerListener listener;
    private volatile @Nullable Membership membership;

    /** Without event loops of its own for the heartbeat. */
    public ClusterNode(Vertx vertx, Cluster cluster, Metrics metrics) {
        this(vertx, cluster, metrics, ClusterNode::now);
    }

    /**
     * The same.
     *
     * @param clock that leases are counted by, in milliseconds: one that only goes on
     */
    public ClusterNode(Vertx vertx, Cluster cluster, Metrics metrics, LongSupplier clock) {
        this(vertx, vertx::getOrCreateContext, cluster, metrics, clock);
    }

    /** @param heartbeat whose event loops nobody keeps busy */
    public ClusterNode(Vertx vertx, Vertx heartbeat, Cluster cluster, Metrics metrics) {
        // Not the caller's context: that is one of the other Vert.x.
        this(vertx, ((VertxInternal) heartbeat)::createEventLoopContext, cluster, metrics, ClusterNode::now);
    }

    private ClusterNode(
            Vertx vertx, Supplier<Context> heartbeats, Cluster cluster, Metrics metrics, LongSupplier clock) {
        this.vertx = vertx;
        this.heartbeats = heartbeats;
        this.clock = clock;
        this.cluster = cluster;
        this.counters = new ClusterCounters(metrics);
        this.forwards = new Forwards(cluster, new ClusterWills(vertx, cluster), counters);
        this.groups = new ClusterGroups(vertx, cluster);
        this.ids = new ClusterClientIds(vertx, cluster);
        this.listener = new PeerListener(vertx, forwards, groups, ids, counters);
        ClusterGauges.register(metrics, cluster, () -> Optional.ofNullable(membership), clock);
    }

    /** What routing needs of the others. */
    public Peers peers() {
        return forwards;
    }

    /** What groups of shared subscriptions need of the others. */
    public GroupPeers groupPeers() {
        return groups;
    }

    public ClientIds clientIds() {
        return ids;
    }

    /** Opens the ports for others; completes with what {@code Leases.register} tells them. */
    public Future<Optional<Leases.Address>> open() {
        return cluster.open(listener)
                .map(addresses -> addresses.linkPort() == 0
                        ? Optional.empty()
                        : Optional.of(
                                new Leases.Address(addresses.host(), addresses.linkPort(), addresses.memberPort())));
    }

    /**
     * This node as registered.
     *
     * @param registeredAtMillis when the registration was sent, by {@link #now}
     */
    public record Registered(String name, Leases.Lease lease, long leaseMillis, long registeredAtMillis) {}

    /**
     * What joins it.
     *
     * @param heartbeat the leases for the heartbeat alone
     */
    public record Parts(Leases leases, Leases heartbeat, LiveRoutes routes, Router router, Groups groups) {
        public Parts(Leases leases, LiveRoutes routes, Router router, Groups groups) {
            this(leases, leases, routes, router, groups);
        }
    }

    /** The clock that leases are counted by, in milliseconds. */
    public static long now() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }

    /** How often a node renews a lease of that length. */
    public static long beatMillis(long leaseMillis) {
        return Math.min(BEAT_MILLIS_MAX, leaseMillis / 4);
    }

    /**
     * Begins the heartbeat, and joins the others. Completes when this node is linked with all of them both ways and has their routes: then
     * it may serve clients. Fails after the time, with a sentence that names those who are missing.
     */
    public Future<Void> join(Registered registered, Parts parts, Host host, PeerClients clients, long timeoutMillis) {
        for (Leases.Lane lane : registered.lease().lanes()) {
            forwards.own(lane.laneId(), lane.head());
        }
        var lanes = new LaneHandling(parts.router(), counters);
        var around = new Membership.Around(parts.heartbeat(), cluster, lanes, forwards, ids, counters, clock);
        long incarnation = registered.lease().incarnation();
        var own = new Membership.Own(
                incarnation, registered.name(), registered.leaseMillis(), registered.registeredAtMillis());
        Membership mine = new Membership(heartbeats.get(), around, own, host);
        membership = mine;
        ids.join(new ClusterClientIds.Joined(mine, clients));
        listener.join(new PeerListener.Joined(parts.routes(), parts.router(), lanes, mine, clients, parts.groups()));
        return parts.leases()
                .renew(incarnation, registered.leaseMillis())
                .compose(heartbeat -> parts.leases().secret().compose(secret -> {
                    Future<Void> joined =
                            cluster.join(self(heartbeat, own), secret, LinkableNodes.of(heartbeat, incarnation));
                    // At once: Hazelcast may take longer to start than the lease lasts.
                    return Future.all(mine.start(), joined);
                }))
                .compose(joined -> complete(mine, clock.getAsLong() + timeoutMillis))
                .recover(failure -> Future.failedFuture(
                        failure instanceof StorageException storage && storage.kind() == StorageException.Kind.FENCED
                                ? new JoinException("another node has taken this one for dead", true)
                                : failure));
    }

    private static Peer self(Leases.Heartbeat heartbeat, Membership.Own own) {
        return heartbeat.nodes().stream()
                .filter(node -> node.incarnation() == own.incarnation())
                .findAny()
                .flatMap(node -> node.address().map(address -> LinkableNodes.peer(node, address)))
                .orElse(new Peer(own.incarnation(), own.name(), "", 0));
    }

    private Future<Void> complete(Membership mine, long until) {
        Promise<Void> complete = Promise.promise();
        look(mine, until, complete);
        return complete.future();
    }

    /** Linked both ways and with all routes is not enough: the others must have been counting on it when they were read. */
    private void look(Membership mine, long until, Promise<Void> complete) {
        vertx.setTimer(LOOK_MILLIS, timer -> {
            List<String> missing = mine.missing();
            if (mine.isStopped()) {
                complete.fail(new JoinException("another node has taken this one for dead", true));
            } else if (!missing.isEmpty()) {
                lookAgain(mine, until, complete, String.join(", ", missing));
            } else {
                mine.isKnown().onSuccess(known -> {
                    if (known) {
                        complete.complete();
                    } else {
                        lookAgain(mine, until, complete, "not all of them count this node among the live ones");
                    }
                });
            }
        });
    }

    private void lookAgain(Membership mine, long until, Promise<Void> complete, String missing) {
        if (clock.getAsLong() < until) {
            look(mine, until, complete);
        } else {
            complete.fail(new JoinException("not all nodes that are alive could be joined: " + missing, false));
        }
    }

    /** Whether this node is to do what one node should do for all: of two, or of none at times, nothing must depend on it. */
    public boolean isFirst() {
        Membership mine = membership;
        return mine != null && !mine.isStopped() && mine.standing.isFirst();
    }

    /** Whether another node could serve this one's clients. */
    public boolean hasPeers() {
        return !cluster.linked().isEmpty();
    }

    /** No more heartbeats: the lease is given back next, or was lost. */
    public void stopHeartbeat() {
        Membership mine = membership;
        if (mine != null) {
            mine.stop();
        }
    }

    /** Leaves the others. */
    public Future<Void> close() {
        stopHeartbeat();
        return cluster.close();
    }
}
