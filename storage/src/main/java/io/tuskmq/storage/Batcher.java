package io.tuskmq.storage;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Natural batching of one kind of call: while a batch is on its way, what comes meanwhile gathers and goes in the next one. No
 * timers: an idle batcher sends at once, a busy one sends bigger batches. Calls may come from any thread; a future completes on the
 * Vert.x context of its caller where there is one.
 */
final class Batcher<Q, R> {
    private record Waiting<Q, R>(
            Q request, Promise<R> promise, @Nullable Context context) {}

    private final String name;
    private final Limits limits;
    private final Function<List<Q>, Future<List<R>>> call;

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Waiting<Q, R>> queue = new ArrayDeque<>();
    private int inFlight;

    /**
     * @param inFlightMax batches on their way at once: one per connection that is meant for these calls
     * @param batchMax requests in one batch
     * @param queueMax requests that may wait; beyond that they fail OVERLOADED
     * @param furtherMin requests that must wait for one more batch to go while another is on its way: what a batch costs is shared by
     *     more of them then, and one that hangs still doesn't stop all others
     */
    record Limits(int inFlightMax, int batchMax, int queueMax, int furtherMin) {
        Limits(int inFlightMax, int batchMax, int queueMax) {
            this(inFlightMax, batchMax, queueMax, 1);
        }
    }

    /**
     * @param name for messages of failures
     * @param call answers each request of a batch, in their order; a PERMANENT failure is taken as the fault of one of them, and each
     *     is tried alone
     */
    Batcher(String name, Limits limits, Function<List<Q>, Future<List<R>>> call) {
        this.name = name;
        this.limits = limits;
        this.call = call;
    }

    Future<R> submit(Q request) {
        Waiting<Q, R> waiting = new Waiting<>(request, Promise.promise(), Vertx.currentContext());
        lock.lock();
        try {
            if (queue.size() >= limits.queueMax()) {
                return Future.failedFuture(new StorageException(
                        StorageException.Kind.OVERLOADED,
                        "too many calls wait: " + name + " > " + limits.queueMax(),
                        null));
            }
            queue.add(waiting);
        } finally {
            lock.unlock();
        }
        sendNext();
        return waiting.promise().future();
    }

    /** How many requests wait for a batch. */
    int queued() {
        lock.lock();
        try {
            return queue.size();
        } finally {
            lock.unlock();
        }
    }

    private void sendNext() {
        List<Waiting<Q, R>> batch = new ArrayList<>();
        lock.lock();
        try {
            int sentFrom = inFlight == 0 ? 1 : limits.furtherMin();
            if (inFlight >= limits.inFlightMax() || queue.size() < sentFrom) {
                return;
            }
            inFlight++;
            while (batch.size() < limits.batchMax() && !queue.isEmpty()) {
                batch.add(queue.remove());
            }
        } finally {
            lock.unlock();
        }
        run(batch).onComplete(done -> {
            lock.lock();
            try {
                inFlight--;
            } finally {
                lock.unlock();
            }
            sendNext();
        });
    }

    /** Completes when each request of the batch is answered. */
    private Future<Void> run(List<Waiting<Q, R>> batch) {
        return answer(batch.stream().map(Waiting::request).toList()).transform(result -> {
            if (result.succeeded()) {
                completeAll(batch, result.result());
                return Future.succeededFuture();
            }
            StorageException failure = Sql.failure(result.cause());
            if (batch.size() > 1 && failure.kind() == StorageException.Kind.PERMANENT) {
                return runEachAlone(batch);
            }
            batch.forEach(w -> fail(w, failure));
            return Future.succeededFuture();
        });
    }

    private Future<List<R>> answer(List<Q> requests) {
        Future<List<R>> answers;
        try {
            answers = call.apply(requests);
        } catch (RuntimeException e) {
            return Future.failedFuture(e);
        }
        return answers.map(list -> {
            if (list.size() != requests.size()) {
                throw new StorageException(
                        StorageException.Kind.PERMANENT,
                        name + ": " + list.size() + " answers to " + requests.size() + " requests",
                        null);
            }
            return list;
        });
    }

    private Future<Void> runEachAlone(List<Waiting<Q, R>> batch) {
        Future<Void> chain = Future.succeededFuture();
        for (Waiting<Q, R> one : batch) {
            chain = chain.compose(done -> run(List.of(one)));
        }
        return chain;
    }

    /** Wakes each caller's event loop once, however many of its requests are in the batch. */
    private void completeAll(List<Waiting<Q, R>> batch, List<R> answers) {
        for (int from = 0; from < batch.size(); ) {
            int to = from + 1;
            while (to < batch.size()
                    && Objects.equals(batch.get(to).context(), batch.get(from).context())) {
                to++;
            }
            List<Waiting<Q, R>> ofOne = batch.subList(from, to);
            List<R> theirs = answers.subList(from, to);
            onCaller(batch.get(from).context(), () -> {
                for (int i = 0; i < ofOne.size(); i++) {
                    ofOne.get(i).promise().complete(theirs.get(i));
                }
            });
            from = to;
        }
    }

    private void fail(Waiting<Q, R> waiting, StorageException failure) {
        onCaller(waiting.context(), () -> waiting.promise().fail(failure));
    }

    private static void onCaller(@Nullable Context context, Runnable completion) {
        if (context == null || context.equals(Vertx.currentContext())) {
            completion.run();
        } else {
            context.runOnContext(v -> completion.run());
        }
    }
}
