package io.tuskmq.cluster.hazelcast;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongFunction;

/**
 * Snapshots of this node's routes, as peers ask for them page by page. One is made at a time; those who ask meanwhile share the next one. A
 * snapshot is kept until all who share it have its last page, or nobody has asked for {@link #KEEP_SECONDS}. Thread-safe.
 */
final class Snapshots {
    static final int KEPT_MAX = 4;
    static final long KEEP_SECONDS = 30;

    private static final class Kept {
        final OwnRoutes.Pages pages;
        int readers;
        long touchedNanos = System.nanoTime();

        Kept(OwnRoutes.Pages pages, int readers) {
            this.pages = pages;
            this.readers = readers;
        }
    }

    private final Executor executor;
    private final LongFunction<OwnRoutes.Pages> maker;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Long, Kept> kept = new HashMap<>();
    private List<Promise<Buffer>> waiting = new ArrayList<>();
    private boolean making;
    private long ids;

    /** @param maker makes the pages of a snapshot with this id; may take seconds */
    Snapshots(Executor executor, LongFunction<OwnRoutes.Pages> maker) {
        this.executor = executor;
        this.maker = maker;
    }

    Future<Buffer> page(long id, int page) {
        return id == 0 ? first() : further(id, page);
    }

    private Future<Buffer> first() {
        Promise<Buffer> promise = Promise.promise();
        lock.lock();
        try {
            if (kept.size() >= KEPT_MAX) {
                return Future.failedFuture("too many snapshots are being read");
            }
            waiting.add(promise);
            if (making) {
                return promise.future();
            }
            making = true;
        } finally {
            lock.unlock();
        }
        executor.execute(this::make);
        return promise.future();
    }

    private Future<Buffer> further(long id, int page) {
        lock.lock();
        try {
            Kept of = kept.get(id);
            if (of == null || page < 0 || page >= of.pages.routes().size()) {
                return Future.failedFuture("no such page");
            }
            of.touchedNanos = System.nanoTime();
            if (page == of.pages.routes().size() - 1 && --of.readers == 0) {
                kept.remove(id);
            }
            return Future.succeededFuture(of.pages.page(page));
        } finally {
            lock.unlock();
        }
    }

    private void make() {
        List<Promise<Buffer>> readers;
        long id;
        lock.lock();
        try {
            readers = waiting;
            waiting = new ArrayList<>();
            id = ++ids;
        } finally {
            lock.unlock();
        }
        try {
            OwnRoutes.Pages pages = maker.apply(id);
            keep(id, pages, readers.size());
            readers.forEach(reader -> reader.complete(pages.page(0)));
        } catch (RuntimeException e) {
            readers.forEach(reader -> reader.fail(e));
        }
        lock.lock();
        try {
            making = !waiting.isEmpty();
            if (!making) {
                return;
            }
        } finally {
            lock.unlock();
        }
        executor.execute(this::make);
    }

    private void keep(long id, OwnRoutes.Pages pages, int readers) {
        if (pages.routes().size() == 1) {
            return;
        }
        lock.lock();
        try {
            kept.put(id, new Kept(pages, readers));
        } finally {
            lock.unlock();
        }
    }

    /** To be called every second or so. */
    void forgetOld() {
        long oldest = System.nanoTime() - TimeUnit.SECONDS.toNanos(KEEP_SECONDS);
        lock.lock();
        try {
            kept.values().removeIf(of -> of.touchedNanos - oldest < 0);
        } finally {
            lock.unlock();
        }
    }
}
