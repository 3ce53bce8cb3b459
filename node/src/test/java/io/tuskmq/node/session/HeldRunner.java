package io.tuskmq.node.session;

import io.tuskmq.storage.MemoryRunner;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** One node's way to a database that nodes share: operations can be held up before or after they are carried out, or lead nowhere. */
final class HeldRunner implements MemoryRunner {
    private final MemoryRunner database;
    private final Map<String, Gate> before = new ConcurrentHashMap<>();
    private final Map<String, Gate> after = new ConcurrentHashMap<>();
    private volatile boolean dead;

    /** Where operations of one name are held up. {@code came} completes with the first one. */
    static final class Gate {
        final Promise<Void> came = Promise.promise();
        private final Promise<Void> open = Promise.promise();

        void open() {
            open.tryComplete();
        }

        private Future<Void> pass() {
            came.tryComplete();
            return open.future();
        }
    }

    HeldRunner(Context database) {
        this.database = MemoryRunner.on(database);
    }

    /** Operations of this name are not carried out until the gate is opened. */
    Gate holdBefore(String operation) {
        return before.computeIfAbsent(operation, name -> new Gate());
    }

    /** Operations of this name are carried out, and not answered until the gate is opened. */
    Gate holdAfter(String operation) {
        return after.computeIfAbsent(operation, name -> new Gate());
    }

    /** The node is gone: nothing of what it asks is carried out, or answered, any more. */
    void die() {
        dead = true;
    }

    @Override
    public <T> Future<T> run(String operation, Supplier<T> work) {
        Gate first = before.get(operation);
        Future<Void> begin = first == null ? Future.succeededFuture() : first.pass();
        return begin.compose(nothing -> carryOut(operation, work));
    }

    private <T> Future<T> carryOut(String operation, Supplier<T> work) {
        if (dead) {
            return Promise.<T>promise().future();
        }
        return database.run(operation, work).compose(answer -> {
            Gate last = after.get(operation);
            Future<Void> end = last == null ? Future.succeededFuture() : last.pass();
            return end.compose(nothing -> dead ? Promise.<T>promise().future() : Future.succeededFuture(answer));
        });
    }

    @Override
    public void onLane(Runnable step) {
        database.onLane(step);
    }
}
