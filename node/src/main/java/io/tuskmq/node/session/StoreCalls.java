package io.tuskmq.node.session;

import io.tuskmq.storage.StorageException;
import io.vertx.core.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What one session asks of the store: each call is repeated until it is answered or the session has ended, so that what a passing
 * failure stopped goes on when it has passed (I11). Answers come on the session's shard.
 */
final class StoreCalls {
    private static final long RETRY_MILLIS = 200;

    private final Shard shard;
    private final BooleanSupplier ended;
    private final Consumer<Throwable> failed;
    private long numbers;

    /** @param failed told of a failure that won't pass */
    StoreCalls(Shard shard, BooleanSupplier ended, Consumer<Throwable> failed) {
        this.shard = shard;
        this.ended = ended;
        this.failed = failed;
    }

    /** For one write, whatever number of attempts it takes: so the store can tell which of two is the newer one. */
    long nextNumber() {
        return ++numbers;
    }

    <T> void ask(Supplier<Future<T>> ask, Consumer<T> answer) {
        once(
                ask,
                answer,
                () -> shard.context().owner().setTimer(RETRY_MILLIS, timer -> shard.post(() -> ask(ask, answer))));
    }

    /** The same without repeating. */
    <T> void once(Supplier<Future<T>> ask, Consumer<T> answer, Runnable passing) {
        if (ended.getAsBoolean()) {
            return;
        }
        ask.get()
                .onComplete(
                        value -> shard.post(() -> {
                            if (!ended.getAsBoolean()) {
                                answer.accept(value);
                            }
                        }),
                        failure -> shard.post(() -> {
                            if (ended.getAsBoolean()) {
                                return;
                            }
                            if (failure instanceof StorageException storage && storage.isPassing()) {
                                passing.run();
                            } else {
                                failed.accept(failure);
                            }
                        }));
    }
}
