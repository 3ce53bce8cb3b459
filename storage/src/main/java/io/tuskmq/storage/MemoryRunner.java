package io.tuskmq.storage;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.util.function.Supplier;

/**
 * Decides when an operation of a {@link MemoryStore} is carried out and when, and whether, its answer arrives. A simulation may run the
 * work late, or not at all (failing the future with {@link StorageException.Kind#TRANSIENT}), or run it and lose the answer (failing in
 * the same way): just as a database may. A failure of {@code lane.append}, {@code
 * lane.readHead} or {@code filters.catchUp} must come later than the call: a lane tries those again at once.
 */
public interface MemoryRunner {
    /**
     * Runs the work, which is one transaction. Two pieces of work must never run at the same time.
     *
     * @param operation its name, such as {@code sessions.claim} or {@code lane.append}
     * @param work throws only {@link StorageException}
     */
    <T> Future<T> run(String operation, Supplier<T> work);

    /** Runs something of a lane's on the lane's thread. */
    void onLane(Runnable step);

    /** What the clock of the node says by which a lane gives ids, when the database's says this. */
    default long laneMillis(long databaseMillis) {
        return databaseMillis;
    }

    /** Everything is done at once, on the caller's thread: for one thread only. */
    static MemoryRunner immediate() {
        return new MemoryRunner() {
            @Override
            public <T> Future<T> run(String operation, Supplier<T> work) {
                return carryOut(work);
            }

            @Override
            public void onLane(Runnable step) {
                step.run();
            }
        };
    }

    /** Everything is done on one context; answers come on the caller's, where it has one. Callers may be on any thread. */
    static MemoryRunner on(Context context) {
        return new MemoryRunner() {
            @Override
            public <T> Future<T> run(String operation, Supplier<T> work) {
                Context caller = Vertx.currentContext();
                Promise<T> answer = caller instanceof ContextInternal c ? c.promise() : Promise.promise();
                context.runOnContext(ignored -> carryOut(work).onComplete(answer));
                return answer.future();
            }

            @Override
            public void onLane(Runnable step) {
                context.runOnContext(ignored -> step.run());
            }
        };
    }

    /** Carries the work out now and returns a future that is complete. For runners that decide when. */
    static <T> Future<T> carryOut(Supplier<T> work) {
        try {
            return Future.succeededFuture(work.get());
        } catch (StorageException e) {
            return Future.failedFuture(e);
        }
    }
}
