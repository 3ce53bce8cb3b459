package io.tuskmq.load.scenario;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Does the same for many clients, some at a time. */
final class Crowd {
    private Crowd() {}

    /** What is done for one client. */
    interface Paced {
        /** @param dueNanos when it was to begin, on the clock of {@link System#nanoTime} */
        CompletableFuture<?> begin(int index, long dueNanos);
    }

    /** The same at a rate (0: none): who has to wait for a place is late, and its work can see that. */
    static void paced(int count, double perSecond, int underWayMax, Paced work) throws Exception {
        long start = System.nanoTime();
        forEach(count, underWayMax, i -> {
            if (perSecond == 0) {
                return work.begin(i, System.nanoTime());
            }
            long due = start + (long) (i * 1e9 / perSecond);
            for (long wait = due - System.nanoTime(); wait > 0; wait = due - System.nanoTime()) {
                LockSupport.parkNanos(wait);
            }
            return work.begin(i, due);
        });
    }

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
