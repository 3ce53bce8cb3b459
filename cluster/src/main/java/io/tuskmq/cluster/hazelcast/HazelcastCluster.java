package io.tuskmq.cluster.hazelcast;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.ringbuffer.OverflowPolicy;
import com.hazelcast.ringbuffer.Ringbuffer;
import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.LinkException;
import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster on Hazelcast and the links. Hazelcast carries the journals of routes and the maps of client ids and groups, and sees members go;
 * messages, snapshots of routes and acknowledgements go over the links.
 *
 * <p>Nothing waits for Hazelcast without a limit. When it is away, changes of routes reach the peers by snapshots, a little later.
 */
public final class HazelcastCluster implements Cluster {
    private static final Logger LOG = LoggerFactory.getLogger(HazelcastCluster.class);
    private static final long STATE_MILLIS = 1_000;
    private static final long FORGET_MILLIS = 30_000;
    private static final int WORKERS = 3;

    /**
     * How this node is reached, and where others are.
     *
     * @param host its name or address, as others reach it; Hazelcast listens on that address alone
     * @param memberPort where Hazelcast listens; 0 = a free one
     * @param seeds {@code host:port} of other members, besides the nodes in the database; or {@code host}, where the port is this member's. A name
     *     stands for all its addresses
     * @param heartbeatSeconds how often members tell each other that they live
     * @param silenceSeconds after this a member that is not heard of is dropped
     */
    public record Options(String host, int memberPort, List<String> seeds, int heartbeatSeconds, int silenceSeconds) {
        public Options {
            seeds = List.copyOf(seeds);
        }

        /** Without seeds; members beat every second and are dropped after five. */
        public static Options of(String host, int memberPort) {
            return new Options(host, memberPort, List.of(), 1, 5);
        }
    }

    private final Vertx vertx;
    private final Links links;
    private final Options options;
    private final ExecutorService workers;
    private final OwnRoutes own;
    private final Snapshots snapshots;
    private final Peers peers;
    private final Promise<HazelcastInstance> hazelcast = Promise.promise();
    private final AtomicBoolean closed = new AtomicBoolean();
    private UnaryOperator<OwnRoutes.Journal> journals = UnaryOperator.identity();
    private UnaryOperator<Config> configs = UnaryOperator.identity();
    private long answerMillis = ClientIds.ANSWER_MILLIS;

    private volatile @Nullable Listener listener;
    private volatile @Nullable ClientIds ids;
    private volatile MemberConfig.@Nullable Addresses addresses;
    private volatile int memberPort;
    private volatile long self = -1;
    private volatile long stateTimer = -1;

    public HazelcastCluster(Vertx vertx, Links links, Options options) {
        this.vertx = vertx;
        this.links = links;
        this.options = options;
        workers = new ThreadPoolExecutor(
                WORKERS,
                WORKERS,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name("tuskmq-cluster-", 0).factory(),
                new ThreadPoolExecutor.DiscardPolicy()); // after close, when what was begun leads nowhere
        own = new OwnRoutes(vertx, workers);
        snapshots =
                new Snapshots(workers, id -> own.snapshot(id, each -> listener().forEachOwnRoute(each)));
        peers = new Peers(this::follower, workers);
    }

    /** For tests that lose batches. */
    void journalThrough(UnaryOperator<OwnRoutes.Journal> through) {
        journals = through;
    }

    /** For tests, which must not depend on how fast a machine is: how long the maps may take to answer. */
    void answerWithin(long millis) {
        answerMillis = millis;
    }

    /** For tests that stand something before a member. */
    void configThrough(UnaryOperator<Config> through) {
        configs = through;
    }

    /** For tests: how many snapshots of the peer's routes were taken. */
    long snapshotsOf(long incarnation) {
        PeerSlot of = peers.of(incarnation);
        return of == null ? 0 : of.follower().snapshots();
    }

    @Override
    public Future<Addresses> open(Listener of) {
        listener = of;
        return vertx.executeBlocking(() -> options.memberPort() != 0 ? options.memberPort() : freePort(), false)
                .compose(port -> {
                    memberPort = port;
                    return links.listen(new FromLinks(of, peers, own, snapshots));
                })
                .map(linkPort -> new Addresses(options.host(), linkPort, memberPort));
    }

    /** It may be taken by another process until Hazelcast listens there; then the join fails. */
    private int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(options.host()))) {
            return socket.getLocalPort();
        }
    }

    @Override
    public Future<Void> join(Peer me, byte[] secret, Collection<Node> nodes) {
        self = me.incarnation();
        MemberConfig.Addresses where = new MemberConfig.Addresses(options.seeds(), memberPort);
        addresses = where;
        links.self(me, secret);
        nodes(nodes);
        stateTimer = vertx.setPeriodic(STATE_MILLIS, timer -> tellState());
        return vertx.executeBlocking(
                        () -> {
                            Config config = MemberConfig.of(options, me, memberPort, secret, where);
                            return Hazelcast.newHazelcastInstance(configs.apply(config));
                        },
                        false)
                .compose(this::joined)
                .onFailure(hazelcast::tryFail);
    }

    private Future<Void> joined(HazelcastInstance instance) {
        if (closed.get()) {
            instance.getLifecycleService().terminate();
            return Future.failedFuture("closed while it joined");
        }
        ids = new ClientIds(instance, self, peers, answerMillis);
        instance.getCluster().addMembershipListener(new MemberEvents(incarnation -> {
            PeerSlot gone = peers.of(incarnation);
            if (gone != null) {
                workers.execute(() -> gone.call(() -> listener().suspected(gone.peer)));
            }
        }));
        instance.getLifecycleService().addLifecycleListener(event -> {
            LOG.info("event=hazelcast.{}", event.getState());
            if (event.getState() == LifecycleEvent.LifecycleState.MERGED) {
                workers.execute(() -> listener().merged());
            }
        });
        Ringbuffer<byte[]> mine = instance.getRingbuffer(MemberConfig.ROUTES + self);
        own.start(journals.apply(batch -> mine.addAsync(batch, OverflowPolicy.OVERWRITE)));
        hazelcast.tryComplete(instance);
        return Future.succeededFuture();
    }

    @Override
    public void nodes(Collection<Node> nodes) {
        List<Node> others =
                nodes.stream().filter(n -> n.peer().incarnation() != self).toList();
        MemberConfig.Addresses where = addresses;
        if (where != null) {
            where.live(others.stream().map(Node::memberAddress).toList());
        }
        List<Peer> live = others.stream().map(Node::peer).toList();
        List<PeerSlot> gone = peers.live(live, listener());
        links.wanted(live);
        gone.forEach(this::gone);
    }

    private void gone(PeerSlot slot) {
        long incarnation = slot.peer.incarnation();
        own.gone(incarnation);
        // Later, when nobody reads it or writes it any more: a call that comes after it would make it anew.
        vertx.setTimer(
                FORGET_MILLIS,
                timer -> hazelcast.future().onSuccess(instance -> {
                    if (!peers.isLive(incarnation) && !closed.get()) {
                        workers.execute(() -> forget(instance, incarnation));
                    }
                }));
    }

    /** By the oldest node alone. */
    private void forget(HazelcastInstance instance, long incarnation) {
        ClientIds all = ids;
        if (all == null || peers.incarnations().stream().anyMatch(other -> other < self)) {
            return;
        }
        try {
            instance.getRingbuffer(MemberConfig.ROUTES + incarnation).destroy();
            all.forget(incarnation);
        } catch (RuntimeException e) {
            LOG.warn("event=cluster.forget.failed incarnation={} reason={}", incarnation, e.toString());
        }
    }

    private PeerFollower follower(PeerSlot slot) {
        long incarnation = slot.peer.incarnation();
        Future<Ringbuffer<byte[]>> journal =
                hazelcast.future().map(instance -> instance.getRingbuffer(MemberConfig.ROUTES + incarnation));
        return new PeerFollower(vertx, workers, slot.peer, links, journal, new RouteSink(slot, listener()));
    }

    private void tellState() {
        OwnRoutes.State state = own.state();
        Buffer told = RouteFrames.state(state.sequence(), state.digest());
        peers.all().stream()
                .filter(PeerSlot::isLinked)
                .forEach(slot -> links.tell(slot.peer.incarnation(), Links.CLUSTER, told));
        snapshots.forgetOld();
    }

    @Override
    public Set<Peer> missing() {
        Set<Peer> missing = new HashSet<>(peers.withoutSlot());
        peers.all().stream().filter(slot -> !slot.isComplete()).forEach(slot -> missing.add(slot.peer));
        return missing;
    }

    @Override
    public List<Peer> linked() {
        List<Peer> linked = new ArrayList<>();
        peers.all().stream().filter(PeerSlot::isLinked).forEach(slot -> linked.add(slot.peer));
        return linked;
    }

    @Override
    public List<LinkState> links() {
        List<LinkState> states = new ArrayList<>();
        peers.all().forEach(slot -> {
            Links.Waiting waiting = links.waiting(slot.peer.incarnation());
            states.add(new LinkState(slot.peer, slot.isLinked(), waiting.bytes(), waiting.lagMillis()));
        });
        return states;
    }

    @Override
    public boolean tell(int slot, Buffer body) {
        PeerSlot to = peers.in(slot);
        return to != null && links.tell(to.peer.incarnation(), Links.NODE, body);
    }

    @Override
    public boolean tellPaced(int slot, Buffer body) {
        PeerSlot to = peers.in(slot);
        return to != null && links.tellPaced(to.peer.incarnation(), Links.NODE, body);
    }

    @Override
    public boolean isSlow(int slot) {
        PeerSlot to = peers.in(slot);
        return to != null && links.isSlow(to.peer.incarnation());
    }

    @Override
    public Future<Buffer> ask(long incarnation, Buffer body, long timeoutMillis) {
        return peers.isLive(incarnation)
                ? links.ask(incarnation, Links.NODE, body, timeoutMillis)
                : Future.failedFuture(new LinkException(LinkException.Kind.DOWN, "no such node"));
    }

    @Override
    public void routeChanged(String filter, int flags) {
        own.changed(filter, flags);
    }

    @Override
    public Future<Void> routesApplied() {
        return own.applied(peers.incarnations());
    }

    @Override
    public Future<Void> routesApplied(long incarnation) {
        return peers.incarnations().contains(incarnation)
                ? own.applied(Set.of(incarnation))
                : Future.failedFuture("the node is not among the live ones");
    }

    @Override
    public Future<Taken> takeClientId(String clientId) {
        ClientIds all = ids;
        return all == null ? Future.failedFuture("Hazelcast doesn't run yet") : all.take(clientId);
    }

    @Override
    public void leaveClientId(String clientId, long number) {
        ClientIds all = ids;
        if (all != null) {
            all.leave(clientId, number);
        }
    }

    @Override
    public void keepClientId(String clientId, long taken, long number) {
        ClientIds all = ids;
        if (all != null) {
            all.keep(clientId, taken, number);
        }
    }

    @Override
    public Future<Long> coordinator(String group) {
        ClientIds all = ids;
        return all == null
                ? Future.failedFuture("Hazelcast doesn't run yet")
                : all.coordinator(group, peers.incarnations());
    }

    @Override
    public void leaveGroup(String group) {
        ClientIds all = ids;
        if (all != null) {
            all.leaveGroup(group);
        }
    }

    @Override
    public Future<Void> renewTls(Buffer certificate, Buffer key, Buffer authorities) {
        return links.renewTls(certificate, key, authorities);
    }

    @Override
    public Future<Void> close() {
        if (!closed.compareAndSet(false, true)) {
            return Future.succeededFuture();
        }
        vertx.cancelTimer(stateTimer);
        own.close();
        peers.all().forEach(slot -> slot.follower().close());
        hazelcast.tryFail("closed");
        return links.close()
                .transform(ignored -> hazelcast.future())
                .transform(joined -> joined.succeeded() ? shutdown(joined.result()) : Future.succeededFuture())
                .onComplete(ignored -> workers.shutdown());
    }

    private Future<Void> shutdown(HazelcastInstance instance) {
        return vertx.executeBlocking(
                () -> {
                    instance.shutdown();
                    return null;
                },
                false);
    }

    /** For tests: as a process that was killed leaves its cluster. */
    Future<Void> kill() {
        HazelcastInstance instance = hazelcast.future().result();
        return vertx.executeBlocking(
                        () -> {
                            instance.getLifecycleService().terminate();
                            return null;
                        },
                        false)
                .compose(ignored -> close());
    }

    private Listener listener() {
        Listener of = listener;
        if (of == null) {
            throw new IllegalStateException("the cluster isn't open");
        }
        return of;
    }
}
