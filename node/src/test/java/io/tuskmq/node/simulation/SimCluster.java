package io.tuskmq.node.simulation;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Peer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The other nodes as one process sees them: stands for links and Hazelcast. What decides about routes is real. */
final class SimCluster implements Cluster {
    private static final long MAP_MILLIS = 500;
    private static final long STATE_MILLIS = 1_000;
    private static final int LANE_AFTER = 1 + Integer.BYTES;
    private static final byte LANE = 2;
    private static final byte ALIVE = 9;
    private static final byte GROUP = 5;
    private static final byte DEALT = 1;
    private static final byte PARTING = 4;
    private static final int GROUP_ID_AT = 2 + 2 * Long.BYTES;

    private final SimBroker.Around around;
    private final SimNetwork network;
    private final SimProcess process;
    private final Schedule schedule;
    private final SimProcess.Loop loop;
    private final SimOwnRoutes own;
    private final Map<Long, SimPeer> live = new TreeMap<>();
    /** The newest stream of each node to this one, live or not. */
    private final Map<Long, SimStream> heard = new HashMap<>();

    private @Nullable Listener listener;
    private @Nullable Peer self;
    private long fullUntil;

    SimCluster(SimBroker.Around around) {
        this.around = around;
        this.network = around.network();
        this.process = around.process();
        this.schedule = around.schedule();
        this.loop = process.loop();
        this.own = new SimOwnRoutes(this, around);
    }

    SimNetwork network() {
        return network;
    }

    String machine() {
        return around.machine();
    }

    long incarnation() {
        return Objects.requireNonNull(self).incarnation();
    }

    Listener listener() {
        return Objects.requireNonNull(listener);
    }

    SimOwnRoutes routes() {
        return own;
    }

    boolean isLive(long incarnation) {
        return live.containsKey(incarnation);
    }

    boolean isStopped() {
        return process.isStopped();
    }

    /** Something from outside, on the thread of the links. */
    void receive(Runnable what) {
        loop.run(what);
    }

    // --- this node

    @Override
    public Future<Addresses> open(Listener of) {
        listener = of;
        return Future.succeededFuture(new Addresses(around.machine(), 1, 2));
    }

    @Override
    public Future<Void> join(Peer me, byte[] secret, Collection<Node> nodes) {
        self = me;
        network.joined(this);
        own.start();
        tellState();
        nodes(nodes);
        return Future.succeededFuture();
    }

    private void tellState() {
        process.after(STATE_MILLIS, () -> {
            live.values().forEach(own::tellState);
            tellState();
        });
    }

    /** The process is killed. */
    void die() {
        if (self == null) {
            return;
        }
        network.left(this);
        live.values().forEach(peer -> {
            SimStream stream = peer.stream();
            if (stream != null) {
                stream.lose();
                stream.to.lost(stream);
            }
        });
        heard.values().forEach(stream -> {
            stream.lose();
            stream.from.lost(stream);
        });
    }

    @Override
    public Future<Void> close() {
        return Future.succeededFuture();
    }

    // --- peers

    @Override
    public void nodes(Collection<Node> nodes) {
        List<Peer> now = new ArrayList<>();
        nodes.forEach(node -> now.add(node.peer()));
        loop.run(() -> settle(now));
    }

    private void settle(List<Peer> now) {
        Set<Long> wanted = new HashSet<>();
        now.stream().map(Peer::incarnation).filter(i -> i != incarnation()).forEach(wanted::add);
        for (SimPeer peer : List.copyOf(live.values())) {
            if (!wanted.contains(peer.peer.incarnation())) {
                live.remove(peer.peer.incarnation());
                peer.letGo();
                own.gone(peer.peer.incarnation());
                around.ids().forgetLater(this, peer.peer.incarnation());
            }
        }
        for (Peer peer : now) {
            if (wanted.contains(peer.incarnation()) && !live.containsKey(peer.incarnation())) {
                SimPeer added = new SimPeer(this, peer, freeSlot(), around);
                live.put(peer.incarnation(), added);
                loop.run(added::dial);
                loop.run(() -> added.heard(heard.containsKey(peer.incarnation())));
            }
        }
    }

    private int freeSlot() {
        for (int slot = 0; slot < SLOTS; slot++) {
            int one = slot;
            if (live.values().stream().noneMatch(peer -> peer.slot == one)) {
                return slot;
            }
        }
        throw new IllegalStateException("more than " + SLOTS + " nodes");
    }

    /** A peer has connected to this node. Its earlier connection, if it still seems to stand, is told silent first, as {@code TcpLinks} does. */
    void heard(SimStream stream) {
        loop.run(() -> {
            SimStream earlier = heard.put(stream.from.incarnation(), stream);
            SimPeer peer = live.get(stream.from.incarnation());
            if (peer != null) {
                if (earlier != null) {
                    peer.heard(false);
                }
                peer.heard(true);
            }
        });
    }

    /** One end of a stream will hear that it is broken. */
    void lost(SimStream stream) {
        schedule.after(schedule.delay(20), () -> loop.run(() -> sawBroken(stream)));
    }

    private void sawBroken(SimStream stream) {
        if (stream.from == this) {
            SimPeer peer = live.get(stream.to.incarnation());
            if (peer != null) {
                peer.broke(stream);
            }
        } else if (heard.remove(stream.from.incarnation(), stream)) {
            SimPeer peer = live.get(stream.from.incarnation());
            if (peer != null) {
                peer.heard(false);
            }
        }
    }

    /** Nothing arrives any more: each end finds out by the other's silence. */
    void stall(String from, String to) {
        streamsTo(from, to).forEach(stream -> {
            stream.lose();
            schedule.after(1_000 + schedule.below(2_000), () -> stream.from.lost(stream));
            schedule.after(1_000 + schedule.below(2_000), () -> stream.to.lost(stream));
        });
    }

    void reset(String from, String to) {
        streamsTo(from, to).forEach(stream -> {
            stream.lose();
            stream.from.lost(stream);
            stream.to.lost(stream);
        });
    }

    private List<SimStream> streamsTo(String from, String to) {
        List<SimStream> streams = new ArrayList<>();
        for (SimPeer peer : live.values()) {
            SimStream stream = peer.stream();
            if (stream != null && machine().equals(from) && stream.to.machine().equals(to)) {
                streams.add(stream);
            }
        }
        return streams;
    }

    /** Hazelcast has lost the member. */
    void peerLeft(long incarnation) {
        schedule.after(
                schedule.delay(500),
                () -> loop.run(() -> {
                    SimPeer peer = live.get(incarnation);
                    if (peer != null) {
                        listener().suspected(peer.peer);
                    }
                }));
    }

    void merged() {
        schedule.after(schedule.delay(200), () -> loop.run(() -> listener().merged()));
    }

    @Nullable
    SimPeer peer(long incarnation) {
        return live.get(incarnation);
    }

    @Override
    public Set<Peer> missing() {
        Set<Peer> missing = new HashSet<>();
        live.values().stream().filter(peer -> !peer.isComplete()).forEach(peer -> missing.add(peer.peer));
        return missing;
    }

    @Override
    public List<Peer> linked() {
        return live.values().stream()
                .filter(SimPeer::isLinked)
                .map(peer -> peer.peer)
                .toList();
    }

    // --- messages

    /** Links take no more for a while. */
    void full(long millis) {
        fullUntil = schedule.now() + millis;
    }

    @Override
    public boolean tell(int slot, Buffer body) {
        boolean full =
                schedule.now() < fullUntil || schedule.chance(around.faults().forwardsLost());
        if (full) {
            return false;
        }
        if (around.bug() == ClusterBug.GAP_NOT_NOTICED && body.getByte(0) == LANE) {
            body.setLong(LANE_AFTER, 0);
        }
        if (body.getByte(0) == GROUP && body.getByte(1) == DEALT) {
            network.dealt(body.getLong(GROUP_ID_AT), body.getLong(GROUP_ID_AT + Long.BYTES), incarnation());
        }
        if (around.bug() == ClusterBug.PARTING_NOT_TOLD && body.getByte(0) == GROUP && body.getByte(1) == PARTING) {
            return true;
        }
        for (SimPeer peer : live.values()) {
            if (peer.slot == slot) {
                return peer.tell(there -> there.told(incarnation(), body));
            }
        }
        return false;
    }

    private void told(long from, Buffer body) {
        SimPeer peer = live.get(from);
        if (peer != null) {
            listener().told(peer.peer, body);
        }
    }

    @Override
    public Future<Buffer> ask(long incarnation, Buffer body, long timeoutMillis) {
        Promise<Buffer> answer = Promise.promise();
        if (around.bug() == ClusterBug.BACK_TOO_EARLY && body.getByte(0) == ALIVE) {
            return Future.succeededFuture(Buffer.buffer());
        }
        SimPeer peer = live.get(incarnation);
        if (peer == null) {
            return Future.failedFuture("no such node");
        }
        peer.ask(answer, timeoutMillis, (there, theirs) -> there.asked(incarnation(), body, theirs));
        return answer.future();
    }

    private void asked(long from, Buffer body, Promise<Buffer> answer) {
        SimPeer peer = live.get(from);
        if (peer == null) {
            answer.fail("the node is not among the live ones");
        } else {
            listener().asked(peer.peer, body).onComplete(answer);
        }
    }

    // --- routes

    @Override
    public void routeChanged(String filter, int flags) {
        own.changed(filter, flags);
    }

    @Override
    public Future<Void> routesApplied() {
        return around.bug() == ClusterBug.ROUTES_NOT_AWAITED ? Future.succeededFuture() : own.applied(live.keySet());
    }

    @Override
    public Future<Void> routesApplied(long incarnation) {
        return live.containsKey(incarnation)
                ? own.applied(Set.of(incarnation))
                : Future.failedFuture("the node is not among the live ones");
    }

    // --- client ids

    @Override
    public Future<Taken> takeClientId(String clientId) {
        Future<Taken> taken = around.ids().take(this, clientId, MAP_MILLIS, loop);
        return switch (around.bug()) {
            case NOBODY_LETS_GO -> taken.map(t -> believed(t.number(), OptionalLong.empty()));
            case MAP_IS_BELIEVED ->
                taken.map(t -> believed(t.number(), t.at())).otherwise(failure -> believed(1, OptionalLong.empty()));
            default -> taken;
        };
    }

    private static Taken believed(long number, OptionalLong at) {
        return new Taken(number, at, OptionalLong.empty(), true);
    }

    @Override
    public void leaveClientId(String clientId, long number) {
        around.ids().leave(this, clientId, number);
    }

    @Override
    public void keepClientId(String clientId, long taken, long number) {
        around.ids().keep(this, clientId, taken, number);
    }

    @Override
    public Future<Long> coordinator(String group) {
        return around.ids().coordinator(this, group, MAP_MILLIS, loop);
    }

    @Override
    public void leaveGroup(String group) {
        around.ids().leaveGroup(this, group);
    }
}
