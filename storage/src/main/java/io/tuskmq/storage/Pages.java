package io.tuskmq.storage;

import io.vertx.core.Future;
import io.vertx.core.Promise;
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
        if (isOver.test(state)) {
            over.complete(state);
        } else {
            next.apply(state).onComplete(then -> step(then, isOver, next, over), over::fail);
        }
    }
}
