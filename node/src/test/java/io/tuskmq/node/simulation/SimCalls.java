package io.tuskmq.node.simulation;

import io.tuskmq.storage.MemoryRunner;
import io.tuskmq.storage.StorageException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.function.Supplier;

/**
 * One process's way to the database and back. A call may come late, fail, or commit and lose its answer, or fail and be carried out later
 * all the same. What a process sent before it died may still commit.
 */
final class SimCalls implements MemoryRunner {
    private final Schedule schedule;
    private final Faults faults;
    private final SimProcess process;
    private final SimDatabaseState database;
    private final SimProcess.Loop lanes;
    private final SimProcess.Loop answers;
    private long cutUntil;
    private long incarnation;

    SimCalls(Schedule schedule, Faults faults, SimProcess process, SimDatabaseState database) {
        this.schedule = schedule;
        this.faults = faults;
        this.process = process;
        this.database = database;
        this.lanes = process.loop();
        this.answers = process.loop();
    }

    /** Who calls, once it is known. */
    void incarnation(long number) {
        incarnation = number;
    }

    /** Only this process can't reach the database. */
    void cutFor(long millis) {
        cutUntil = schedule.now() + millis;
    }

    boolean isCut() {
        return schedule.now() < cutUntil;
    }

    @Override
    public <T> Future<T> run(String operation, Supplier<T> work) {
        Promise<T> answer = Promise.promise();
        boolean ofLane = operation.startsWith("lane.") || operation.equals("filters.catchUp");
        SimProcess.Loop loop = ofLane ? lanes : answers;
        schedule.after(schedule.delay(8), () -> arrived(operation, work, answer, loop));
        return answer.future();
    }

    private <T> void arrived(String operation, Supplier<T> work, Promise<T> answer, SimProcess.Loop loop) {
        boolean away = database.isAway() || schedule.now() < cutUntil;
        if (away || schedule.chance(faults.databaseFails())) {
            fails(answer, loop);
            return;
        }
        boolean answerLost = schedule.chance(faults.answerLost());
        if (answerLost && schedule.chance(0.5)) {
            schedule.after(schedule.delay(1_000), () -> database.carryOut(incarnation, operation, work));
            fails(answer, loop);
            return;
        }
        Future<T> done = database.carryOut(incarnation, operation, work);
        if (answerLost) {
            fails(answer, loop);
        } else {
            schedule.after(schedule.delay(4), () -> loop.run(() -> done.onComplete(answer)));
        }
    }

    private <T> void fails(Promise<T> answer, SimProcess.Loop loop) {
        var failure = new StorageException(StorageException.Kind.TRANSIENT, "the connection broke", null);
        schedule.after(20 + schedule.delay(100), () -> loop.run(() -> answer.fail(failure)));
    }

    @Override
    public void onLane(Runnable step) {
        lanes.run(step);
    }

    @Override
    public long laneMillis(long databaseMillis) {
        return databaseMillis + process.wallOffset();
    }
}
