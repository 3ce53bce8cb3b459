package io.tuskmq.node.auth;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Threads for what takes long: hashes and signatures. What waits for them is bounded. */
public final class Workers implements AutoCloseable {
    private final ThreadPoolExecutor threads;

    /** @param waitingMax tasks that may wait; more fail with {@link RejectedExecutionException} */
    public Workers(int threadCount, int waitingMax) {
        AtomicInteger numbers = new AtomicInteger();
        threads = new ThreadPoolExecutor(
                threadCount,
                threadCount,
                30,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(waitingMax),
                task -> Thread.ofPlatform()
                        .daemon()
                        .name("auth-" + numbers.incrementAndGet())
                        .unstarted(task));
        threads.allowCoreThreadTimeOut(true); // a node without logins has no thread for them
    }

    /** Completes on the caller's context, where there is one. */
    <T> Future<T> run(Callable<T> task) {
        Context caller = Vertx.currentContext();
        Promise<T> answer = caller instanceof ContextInternal c ? c.promise() : Promise.promise();
        try {
            threads.execute(() -> {
                try {
                    answer.complete(task.call());
                } catch (Exception e) {
                    answer.fail(e);
                }
            });
        } catch (RejectedExecutionException e) {
            answer.fail(e);
        }
        return answer.future();
    }

    int waiting() {
        return threads.getQueue().size();
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
