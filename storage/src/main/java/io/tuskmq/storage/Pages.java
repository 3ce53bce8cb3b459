package io.tuskmq.storage;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/** Calls that follow one another until all is seen, however many they are: no chain of futures grows with them. */
final class Pages {
    private Pages() {}

    /**
     * The state in which it is over.
     *
     * @param next what follows a state; answers asynchronously
     */
    static <T> Future<T> run(T state, Predicate<T> isOver, Function<T, Future<T>> next) {
        Promise<T> over = Promise.promise();
        step(state, isOver, next, over);
        return over.future();
    }

    private static <T> void step(T state, Predicate<T> isOver, Function<T, Future<T>> next, Promise<T> over) {
        // What is thrown ends it too: who waits for the end may hold a lock.
        Future.succeededFuture(state)
                .map(isOver::test)
                .compose(isLast -> isLast
                        ? Future.succeededFuture(Optional.<T>empty())
                        : next.apply(state).map(Optional::of))
                .onComplete(
                        then -> then.ifPresentOrElse(
                                following -> step(following, isOver, next, over), () -> over.complete(state)),
                        over::fail);
    }
}
