package io.tuskmq.node.session;

import io.tuskmq.storage.StorageException;
import io.vertx.core.Future;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What one session asks of the store: each call is repeated until it is answered or the session has ended, so that what a passing
 * failure stopped goes on when it has passed (I11). Answers come on the session's shard.
 */
final class StoreCalls {
    private static final long RETRY_MILLIS = 200;

    /** Who asks. */
    interface Owner {
        boolean isEnded();

        /** The failure won't pass. */
        void failedForGood(Throwable failure);
    }

    private final Shard shard;
    private final Owner owner;
    private long numbers;

    StoreCalls(Shard shard, Owner owner) {
        this.shard = shard;
        this.owner = owner;
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
        if (owner.isEnded()) {
            return;
        }
        ask.get()
                .onComplete(
                        value -> shard.post(() -> {
                            if (!owner.isEnded()) {
                                answer.accept(value);
                            }
                        }),
                        failure -> shard.post(() -> {
                            if (owner.isEnded()) {
                                return;
                            }
                            if (failure instanceof StorageException storage && storage.isPassing()) {
                                passing.run();
                            } else {
                                owner.failedForGood(failure);
                            }
                        }));
    }
}
