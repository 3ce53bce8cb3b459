package io.tuskmq.node.session;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.concurrent.TimeoutException;

/** Waits for something, and not for ever: by the timers of Vert.x, so that whoever has those has the time. */
final class TimeLimit {
    private TimeLimit() {}

    /** The same, or failed with {@link TimeoutException} when it takes longer. */
    static <T> Future<T> within(Vertx vertx, long millis, Future<T> future) {
        if (future.isComplete()) {
            return future;
        }
        Promise<T> limited = Promise.promise();
        long timer = vertx.setTimer(
                millis, late -> limited.tryFail(new TimeoutException("no answer within " + millis + " ms")));
        future.onComplete(
                value -> {
                    vertx.cancelTimer(timer);
                    limited.tryComplete(value);
                },
                failure -> {
                    vertx.cancelTimer(timer);
                    limited.tryFail(failure);
                });
        return limited.future();
    }
}
