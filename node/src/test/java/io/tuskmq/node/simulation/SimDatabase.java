package io.tuskmq.node.simulation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The way to the database and back. A call may come late, fail and be tried again, or commit and lose its answer, after which it is
 * tried again as well: so every call is one that may be repeated. A caller that dies is not told, yet what it sent may still commit.
 */
final class SimDatabase {
    private final Schedule schedule;
    private final Faults faults;
    private long awayUntil;

    SimDatabase(Schedule schedule, Faults faults) {
        this.schedule = schedule;
        this.faults = faults;
    }

    void awayFor(long millis) {
        awayUntil = schedule.now() + millis;
    }

    /**
     * @param mayCommit false when what was sent can't reach the database any more
     * @param isAlive whether the caller can hear the answer, and try again
     */
    <T> void call(Supplier<T> transaction, Consumer<T> answer, BooleanSupplier mayCommit, BooleanSupplier isAlive) {
        schedule.after(schedule.delay(20), () -> {
            boolean away = schedule.now() < awayUntil;
            if (!away && mayCommit.getAsBoolean() && !schedule.chance(faults.databaseFails())) {
                T result = transaction.get();
                if (!schedule.chance(faults.answerLost())) {
                    schedule.after(schedule.delay(10), () -> {
                        if (isAlive.getAsBoolean()) {
                            answer.accept(result);
                        }
                    });
                    return;
                }
            }
            if (isAlive.getAsBoolean()) {
                schedule.after(50 + schedule.delay(100), () -> {
                    if (isAlive.getAsBoolean()) {
                        call(transaction, answer, mayCommit, isAlive);
                    }
                });
            }
        });
    }

    /** Calls that must keep their order: the next one begins when the last one was answered. */
    final class InOrder {
        private final BooleanSupplier mayCommit;
        private final BooleanSupplier isAlive;
        private final Deque<Runnable> waiting = new ArrayDeque<>();
        private boolean busy;

        InOrder(BooleanSupplier mayCommit, BooleanSupplier isAlive) {
            this.mayCommit = mayCommit;
            this.isAlive = isAlive;
        }

        <T> void call(Supplier<T> transaction, Consumer<T> answer) {
            waiting.add(() -> SimDatabase.this.call(
                    transaction,
                    result -> {
                        busy = false;
                        answer.accept(result);
                        next();
                    },
                    mayCommit,
                    isAlive));
            next();
        }

        private void next() {
            if (!busy && !waiting.isEmpty()) {
                busy = true;
                waiting.remove().run();
            }
        }
    }
}
