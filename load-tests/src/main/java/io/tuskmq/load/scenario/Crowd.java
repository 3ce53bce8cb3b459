package io.tuskmq.load.scenario;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Does the same for many clients, some at a time. */
final class Crowd {
    private Crowd() {}

    /** Begins with each index in turn, with at most so many under way; throws the first failure, after those under way have ended. */
    static void forEach(int count, int underWayMax, IntFunction<CompletableFuture<?>> work) throws Exception {
        Semaphore places = new Semaphore(underWayMax);
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        for (int i = 0; i < count && failure.get() == null; i++) {
            places.acquire();
            var _ = work.apply(i).whenComplete((_, problem) -> {
                if (problem != null) {
                    failure.compareAndSet(null, problem);
                }
                places.release();
            });
        }
        places.acquire(underWayMax);
        Throwable first = failure.get();
        if (first != null) {
            throw new RunFailed(first.getMessage() == null ? first.toString() : first.getMessage(), first);
        }
    }
}
