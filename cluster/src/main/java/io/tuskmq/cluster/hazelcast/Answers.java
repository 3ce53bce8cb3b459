package io.tuskmq.cluster.hazelcast;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Futures that come back where the caller is, and in time. */
final class Answers {
    private Answers() {}

    /** A promise whose future completes on the caller's context, where it has one. */
    static <T> Promise<T> promise() {
        Context caller = Vertx.currentContext();
        return caller instanceof ContextInternal context ? context.promise() : Promise.promise();
    }

    /** What Hazelcast is to answer, within the time; it may also throw at once, or never answer. Completes on some thread that must not be held up. */
    static <T> Future<T> within(long millis, Supplier<? extends CompletionStage<T>> call) {
        return within(Promise.promise(), millis, call);
    }

    /** The same, completing the promise. */
    static <T> Future<T> within(Promise<T> promise, long millis, Supplier<? extends CompletionStage<T>> call) {
        CompletableFuture<T> timed = new CompletableFuture<>();
        Future.fromCompletionStage(timed.orTimeout(millis, TimeUnit.MILLISECONDS))
                .onComplete(promise);
        try {
            call.get().whenComplete((value, failure) -> {
                if (failure == null) {
                    timed.complete(value);
                } else {
                    timed.completeExceptionally(failure);
                }
            });
        } catch (RuntimeException e) {
            timed.completeExceptionally(e);
        }
        return promise.future();
    }
}
