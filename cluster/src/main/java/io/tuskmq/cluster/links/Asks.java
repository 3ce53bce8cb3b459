package io.tuskmq.cluster.links;

import io.netty.util.concurrent.EventExecutor;
import io.tuskmq.cluster.LinkException;
import io.tuskmq.cluster.LinkException.Kind;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What was asked on one connection and is not answered. May be used by all threads. */
final class Asks {
    /** One ask, and the timer that fails it. */
    private static final class Waiting {
        final Promise<Buffer> promise;
        volatile @Nullable ScheduledFuture<?> timeout;

        Waiting(Promise<Buffer> promise) {
            this.promise = promise;
        }
    }

    private final LinkConnection connection;
    private final EventExecutor loop;
    private final int unansweredMax;
    private final AtomicInteger unanswered = new AtomicInteger();
    private final AtomicLong ids = new AtomicLong();
    private final ConcurrentHashMap<Long, Waiting> waiting = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Asks(LinkConnection connection, EventExecutor loop, int unansweredMax) {
        this.connection = connection;
        this.loop = loop;
        this.unansweredMax = unansweredMax;
    }

    Future<Buffer> ask(byte channel, Buffer body, long timeoutMillis) {
        if (unanswered.incrementAndGet() > unansweredMax) {
            unanswered.decrementAndGet();
            return Future.failedFuture(new LinkException(Kind.LIMIT, unansweredMax + " asks are unanswered"));
        }
        long id = ids.incrementAndGet();
        Context caller = Vertx.currentContext();
        Promise<Buffer> promise = caller instanceof ContextInternal c ? c.promise() : Promise.promise();
        Waiting asked = new Waiting(promise);
        waiting.put(id, asked);
        try {
            asked.timeout = loop.schedule(() -> timedOut(id, timeoutMillis), timeoutMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            fail(id, new LinkException(Kind.DOWN, "the event loop has ended"));
            return promise.future();
        }
        // The connection may have broken before this one was among those that fail with it.
        if (!connection.outbox().add(new Frame(Frame.Kind.ASK, channel, id, body)) || closed) {
            fail(id, new LinkException(Kind.DOWN, "the link broke"));
        }
        return promise.future();
    }

    void answered(long id, Buffer answer) {
        Waiting asked = take(id);
        if (asked != null) {
            asked.promise.tryComplete(answer);
        }
    }

    void refused(long id, Buffer message) {
        fail(id, new LinkException(Kind.REMOTE, message.toString(StandardCharsets.UTF_8)));
    }

    void close(String why) {
        closed = true;
        for (Long id : waiting.keySet()) {
            fail(id, new LinkException(Kind.DOWN, "the link broke: " + why));
        }
    }

    private void timedOut(long id, long millis) {
        fail(id, new LinkException(Kind.TIMEOUT, "no answer within " + millis + " ms"));
    }

    private void fail(long id, LinkException failure) {
        Waiting asked = take(id);
        if (asked != null) {
            asked.promise.tryFail(failure);
        }
    }

    private @Nullable Waiting take(long id) {
        Waiting asked = waiting.remove(id);
        if (asked != null) {
            unanswered.decrementAndGet();
            ScheduledFuture<?> timeout = asked.timeout;
            if (timeout != null) {
                timeout.cancel(false);
            }
        }
        return asked;
    }
}
