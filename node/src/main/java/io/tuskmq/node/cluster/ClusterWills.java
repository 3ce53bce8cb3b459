package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Peer;
import io.tuskmq.node.session.WillPeers;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Which wills are being published, by this node or another, and when all have them. It asks over the links: a question comes after all that was told
 * before it, so its answer says that the wills were handled.
 */
final class ClusterWills implements WillPeers {
    private static final long ANNOUNCE_MILLIS = 300;
    private static final long PASSED_MILLIS = 500;
    /** The node that announced it may be dead or cut off. */
    private static final long SWEEP_MILLIS_MAX = 2_000;

    /** Incarnations are above it. */
    private static final long THIS_NODE = 0;

    private record Key(long node, long sweep) {}

    private record Sweep(Set<String> clientIds, Promise<Void> over) {}

    private final Vertx vertx;
    private final Cluster cluster;
    private final Map<Key, Sweep> sweeps = new ConcurrentHashMap<>();
    private final Queue<Promise<Void>> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean asking = new AtomicBoolean();

    ClusterWills(Vertx vertx, Cluster cluster) {
        this.vertx = vertx;
        this.cluster = cluster;
    }

    @Override
    public Future<Void> announce(long sweep, List<String> clientIds) {
        begun(THIS_NODE, sweep, clientIds);
        return askAll(Frames.willsComing(new Frames.WillsComing(sweep, clientIds)), ANNOUNCE_MILLIS);
    }

    /** Those who ask meanwhile share the next question. */
    @Override
    public Future<Void> passed() {
        Promise<Void> passed = Promise.promise();
        waiting.add(passed);
        askPassed();
        return passed.future();
    }

    private void askPassed() {
        if (waiting.isEmpty() || !asking.compareAndSet(false, true)) {
            return;
        }
        List<Promise<Void>> these = new ArrayList<>();
        for (Promise<Void> next; (next = waiting.poll()) != null; ) {
            these.add(next);
        }
        askAll(Frames.willsPassed(), PASSED_MILLIS).onComplete(answered -> {
            asking.set(false);
            these.forEach(Promise::tryComplete);
            askPassed();
        });
    }

    @Override
    public void over(long sweep) {
        ended(THIS_NODE, sweep);
        // Those who do not hear it go on when their time is over.
        askAll(Frames.willsOver(new Frames.WillsOver(sweep)), PASSED_MILLIS);
    }

    /** Completes when all have answered or failed. */
    private Future<Void> askAll(Buffer question, long millis) {
        List<Future<Buffer>> answers = new ArrayList<>();
        for (Peer peer : cluster.linked()) {
            answers.add(cluster.ask(peer.incarnation(), question, millis));
        }
        return answers.isEmpty()
                ? Future.succeededFuture()
                : Future.join(answers).<Void>mapEmpty().otherwiseEmpty();
    }

    @Override
    public Future<Void> settled(String clientId) {
        List<Future<Void>> under = new ArrayList<>(0);
        for (Sweep sweep : sweeps.values()) {
            if (sweep.clientIds().contains(clientId)) {
                under.add(sweep.over().future());
            }
        }
        return under.isEmpty() ? Future.succeededFuture() : Future.join(under).mapEmpty();
    }

    /** A node publishes wills of these clients. */
    void begun(long node, long sweep, List<String> clientIds) {
        sweeps.put(new Key(node, sweep), new Sweep(Set.copyOf(clientIds), Promise.promise()));
        vertx.setTimer(SWEEP_MILLIS_MAX, timer -> ended(node, sweep));
    }

    void ended(long node, long sweep) {
        Sweep over = sweeps.remove(new Key(node, sweep));
        if (over != null) {
            over.over().complete();
        }
    }

    /** Nothing more is heard of the node. */
    void silent(long node) {
        sweeps.keySet().stream().filter(key -> key.node() == node).forEach(key -> ended(node, key.sweep()));
    }
}
