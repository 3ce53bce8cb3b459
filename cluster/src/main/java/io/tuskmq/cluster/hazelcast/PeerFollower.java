package io.tuskmq.cluster.hazelcast;

import com.hazelcast.ringbuffer.ReadResultSet;
import com.hazelcast.ringbuffer.Ringbuffer;
import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.tuskmq.cluster.rules.PeerRoutes;
import io.tuskmq.cluster.rules.PeerRoutes.Verdict;
import io.tuskmq.cluster.rules.RouteDigest;
import io.tuskmq.cluster.rules.RouteHash;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows one peer's routes: a snapshot over the link first, then its journal from where the snapshot began, and a snapshot again when
 * something is missing or wrong. Everything happens in turns on worker threads.
 *
 * <p>The journal isn't read while a snapshot arrives: it keeps the batches itself. When it doesn't keep them long enough there is a gap, and
 * another snapshot.
 */
final class PeerFollower {
    private static final Logger LOG = LoggerFactory.getLogger(PeerFollower.class);
    private static final int READ_BATCHES_MAX = 100;
    private static final long READ_AGAIN_MILLIS = 500;
    private static final long ASK_MILLIS = 30_000;
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** A snapshot is followed by a pause four times as long: a peer that can't be followed costs a fifth of a thread. */
    private static final int PAUSE_TIMES = 4;

    /** Where routes go, and what is there already. */
    interface Sink {
        void route(String filter, int flags);

        void forEachRoute(ObjIntConsumer<String> each);
    }

    private final Vertx vertx;
    private final Turns turns;
    private final Peer peer;
    private final Links links;
    private final Future<Ringbuffer<byte[]>> journal;
    private final Sink sink;

    /** Made with the owner's key, which comes with the first snapshot. */
    private @Nullable PeerRoutes routes;

    private @Nullable RouteHash hash;
    private boolean linked;
    private boolean loading;
    private boolean closed;
    /** What belongs to an earlier snapshot's reading is ignored. */
    private long generation;

    private long position;
    private long loadingSince;
    private long notBefore = System.nanoTime();
    private volatile boolean loaded;
    private final AtomicLong snapshots = new AtomicLong();

    /** @param journal the peer's ring buffer, once Hazelcast runs */
    PeerFollower(
            Vertx vertx, Executor executor, Peer peer, Links links, Future<Ringbuffer<byte[]>> journal, Sink sink) {
        this.vertx = vertx;
        this.turns = new Turns(executor);
        this.peer = peer;
        this.links = links;
        this.journal = journal;
        this.sink = sink;
    }

    /** Whether the copy has been found right, and nothing wrong since. */
    boolean isLoaded() {
        return loaded;
    }

    /** How many snapshots were asked for. */
    long snapshots() {
        return snapshots.get();
    }

    void linked(boolean now) {
        turns.run(() -> {
            linked = now;
            if (now && (routes == null || !loaded)) {
                load();
            }
        });
    }

    /** The peer says where its journal is. */
    void owner(long sequence, RouteDigest digest) {
        turns.run(() -> {
            PeerRoutes copy = routes;
            if (!loading) {
                judge(copy == null ? Verdict.BROKEN : copy.owner(sequence, digest));
            }
        });
    }

    void close() {
        turns.run(() -> {
            closed = true;
            generation++;
        });
    }

    private void judge(Verdict verdict) {
        PeerRoutes copy = routes;
        loaded = copy != null && copy.isLoaded();
        switch (verdict) {
            case VERIFIED -> acknowledge();
            case PENDING -> {}
            case BROKEN -> load();
        }
    }

    /** An acknowledgement that is lost is made good by the next, which comes when the peer says again where it is. */
    private void acknowledge() {
        PeerRoutes copy = routes;
        if (copy != null && copy.verified() > 0) {
            links.tell(peer.incarnation(), Links.CLUSTER, RouteFrames.ack(copy.verified()));
        }
    }

    private void load() {
        if (closed || loading || !linked || System.nanoTime() - notBefore < 0) {
            return; // the peer's next word comes within a second
        }
        loading = true;
        loadingSince = System.nanoTime();
        snapshots.incrementAndGet();
        long mine = ++generation;
        ask(mine, 0, 0, page -> begin(mine, page));
    }

    private void ask(long mine, long snapshot, int number, Consumer<RouteFrames.Page> then) {
        Buffer question = RouteFrames.ask(snapshot, number);
        links.ask(peer.incarnation(), Links.CLUSTER, question, ASK_MILLIS)
                .onComplete(
                        answer -> step(mine, () -> then.accept(RouteFrames.readPage(answer))),
                        failure -> step(mine, () -> fail(failure)));
    }

    private void step(long mine, Runnable step) {
        turns.run(() -> {
            if (mine == generation) {
                step.run();
            }
        });
    }

    private void fail(Throwable failure) {
        LOG.info("event=routes.snapshot.failed node={} reason={}", peer.name(), failure.toString());
        if (routes != null) {
            routes.snapshotBreaks();
        }
        loading = false;
        loaded = false;
        notBefore = System.nanoTime() + PAUSE_NANOS / 2;
    }

    private void begin(long mine, RouteFrames.Page page) {
        RouteFrames.Snapshot snapshot = page.snapshot();
        if (routes == null || !snapshot.hash().equals(hash)) {
            hash = snapshot.hash();
            routes = new PeerRoutes(snapshot.hash());
        }
        routes.snapshotBegins(snapshot.base(), snapshot.verifiedFrom());
        loaded = false;
        take(mine, routes, page, 0);
    }

    private void take(long mine, PeerRoutes copy, RouteFrames.Page page, int number) {
        page.forEach((filter, flags) -> copy.snapshotEntry(filter, flags, sink::route));
        RouteFrames.Snapshot snapshot = page.snapshot();
        if (number + 1 < snapshot.pages()) {
            ask(mine, snapshot.id(), number + 1, next -> take(mine, copy, next, number + 1));
            return;
        }
        copy.snapshotEnds(sink::forEachRoute, sink::route);
        long now = System.nanoTime();
        notBefore = now + Math.max(PAUSE_NANOS, (now - loadingSince) * PAUSE_TIMES);
        loading = false;
        position = snapshot.position();
        judge(copy.owner(snapshot.at(), snapshot.digest()));
        if (LOG.isDebugEnabled()) {
            LOG.debug("event=routes.snapshot node={} filters={} verified={}", peer.name(), copy.size(), loaded);
        }
        read(mine, copy);
    }

    private void read(long mine, PeerRoutes copy) {
        journal.onSuccess(ring -> step(mine, () -> {
            try {
                ring.readManyAsync(position, 1, READ_BATCHES_MAX, null)
                        .whenComplete((batches, failure) -> step(mine, () -> {
                            if (failure == null) {
                                batches(mine, copy, batches);
                            } else {
                                readAgain(mine, copy, failure);
                            }
                        }));
            } catch (RuntimeException e) {
                readAgain(mine, copy, e);
            }
        }));
    }

    /** Whatever Hazelcast suffers from: it may pass, and what is missed meanwhile is seen by its sequence. */
    private void readAgain(long mine, PeerRoutes copy, Throwable failure) {
        LOG.debug("event=routes.read.failed node={} reason={}", peer.name(), failure.toString());
        vertx.setTimer(READ_AGAIN_MILLIS, timer -> step(mine, () -> read(mine, copy)));
    }

    private void batches(long mine, PeerRoutes copy, ReadResultSet<byte[]> batches) {
        position = batches.getNextSequenceToReadFrom();
        Verdict verdict = Verdict.PENDING;
        for (byte[] batch : batches) {
            Verdict its = copy.batch(RouteFrames.readBatch(batch), sink::route);
            verdict = its == Verdict.PENDING && verdict == Verdict.VERIFIED ? verdict : its;
        }
        judge(verdict);
        read(mine, copy); // does nothing when a snapshot was begun
    }
}
