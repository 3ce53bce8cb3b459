package io.tuskmq.cluster.hazelcast;

import io.tuskmq.cluster.Cluster.RouteConsumer;
import io.tuskmq.cluster.rules.RouteAcks;
import io.tuskmq.cluster.rules.RouteBatch;
import io.tuskmq.cluster.rules.RouteDigest;
import io.tuskmq.cluster.rules.RouteHash;
import io.tuskmq.cluster.rules.RouteJournal;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's routes: their journal, written one batch at a time, and who has applied it. Thread-safe.
 *
 * <p>A batch that couldn't be written is written again until it could: a second copy does no harm. When that takes longer than a moment the
 * journal goes on without it, and peers, who hear over the links that this node is further on than they are, take snapshots.
 */
final class OwnRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(OwnRoutes.class);
    private static final long WRITE_MILLIS = 2_000;
    private static final long AGAIN_MILLIS = 200;
    private static final long SKIP_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final int PAGE_FILTERS = 2_000;
    private static final int PAGE_BYTES = 65_536;

    /** Puts a batch at the journal's end and says where that is. */
    interface Journal {
        CompletionStage<Long> write(byte[] batch);
    }

    /** Where this node's journal is, and the digest there. */
    record State(long sequence, RouteDigest digest) {}

    /** A snapshot as it is sent. */
    record Pages(RouteFrames.Snapshot snapshot, List<Buffer> routes) {
        Buffer page(int number) {
            return RouteFrames.page(snapshot, routes.get(number));
        }
    }

    private final Vertx vertx;
    private final Executor executor;
    private final RouteHash hash;
    private final ReentrantLock lock = new ReentrantLock();
    private final RouteJournal routes;
    private final RouteAcks<Promise<Void>> acks = new RouteAcks<>();
    /** Null before Hazelcast runs. */
    private @Nullable Journal journal;

    private boolean writing;
    private boolean closed;
    private long position;
    private long failures;
    private long failingSince;

    OwnRoutes(Vertx vertx, Executor executor) {
        this.vertx = vertx;
        this.executor = executor;
        SecureRandom random = new SecureRandom();
        hash = new RouteHash(random.nextLong(), random.nextLong());
        routes = new RouteJournal(hash);
    }

    /** Hazelcast runs: what has come until now is written. */
    void start(Journal to) {
        lock.lock();
        try {
            journal = to;
            if (writing || closed) {
                return;
            }
            writing = true;
        } finally {
            lock.unlock();
        }
        next(to);
    }

    void close() {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
    }

    void changed(String filter, int flags) {
        Journal to;
        lock.lock();
        try {
            routes.change(filter, flags);
            to = journal;
            if (writing || to == null || closed) {
                return;
            }
            writing = true;
        } finally {
            lock.unlock();
        }
        next(to);
    }

    State state() {
        return locked(() -> new State(routes.sequence(), routes.digest()));
    }

    /** Completes when these peers have applied all changes made until now. */
    Future<Void> applied(Collection<Long> peers) {
        Promise<Void> promise = Answers.promise();
        if (!locked(() -> acks.await(promise, routes.target(), peers))) {
            promise.complete();
        }
        return promise.future();
    }

    void applied(long peer, long sequence) {
        locked(() -> acks.applied(peer, sequence)).forEach(Promise::complete);
    }

    void gone(long peer) {
        locked(() -> acks.gone(peer)).forEach(Promise::complete);
    }

    /**
     * Reads all routes, which takes a second for a million. The flags are those of the journal, not of the node, which is ahead of it: entries
     * belong to a sequence.
     */
    Pages snapshot(long id, Consumer<RouteConsumer> own) {
        long[] from = locked(() -> new long[] {routes.sequence(), position});
        List<Buffer> pages = new ArrayList<>();
        pages.add(Buffer.buffer());
        int[] filters = {0};
        own.accept((filter, ahead) -> {
            int flags = locked(() -> routes.flags(filter));
            if (flags == 0) {
                return;
            }
            Buffer page = pages.getLast();
            if (filters[0]++ % PAGE_FILTERS == PAGE_FILTERS - 1 || page.length() >= PAGE_BYTES) {
                page = Buffer.buffer();
                pages.add(page);
            }
            RouteFrames.appendRoute(page, filter, flags);
        });
        return locked(() -> new Pages(
                new RouteFrames.Snapshot(
                        id, hash, from[0], routes.target(), routes.sequence(), routes.digest(), from[1], pages.size()),
                pages));
    }

    private <T> T locked(Supplier<T> step) {
        lock.lock();
        try {
            return step.get();
        } finally {
            lock.unlock();
        }
    }

    private void next(Journal to) {
        RouteBatch batch;
        lock.lock();
        try {
            if (closed || !routes.isWaiting()) {
                writing = false;
                return;
            }
            batch = routes.next();
        } finally {
            lock.unlock();
        }
        write(to, RouteFrames.batch(batch));
    }

    private void write(Journal to, byte[] batch) {
        Answers.within(WRITE_MILLIS, () -> to.write(batch))
                .onComplete(at -> executor.execute(() -> written(to, at)), e -> {
                    long count = locked(this::failed);
                    if (count % 100 == 1) {
                        LOG.warn("event=routes.write.failed failures={} reason={}", count, e.toString());
                    }
                    vertx.setTimer(AGAIN_MILLIS, timer -> again(to, batch));
                });
    }

    private long failed() {
        if (failures++ == 0) {
            failingSince = System.nanoTime();
        } else if (System.nanoTime() - failingSince > SKIP_NANOS) {
            routes.skip();
        }
        return failures;
    }

    private void again(Journal to, byte[] batch) {
        if (!locked(() -> closed)) {
            write(to, batch);
        }
    }

    private void written(Journal to, long at) {
        locked(() -> {
            failures = 0;
            position = at + 1;
            return position;
        });
        next(to);
    }
}
