package io.tuskmq.node.simulation;

import java.util.ArrayList;
import java.util.List;

/**
 * One process of a node: its threads, its timers, its clocks. While it is stopped (SIGSTOP) nothing of it runs, and afterwards all that
 * came meanwhile; once it is killed, nothing ever does.
 */
final class SimProcess {
    /** One thread: its tasks run one after the other, in the order given. */
    final class Loop {
        private long last;

        void run(Runnable task) {
            long jitter = schedule.chance(0.1) ? schedule.below(4) : 0;
            last = Math.max(last, schedule.now() + jitter);
            schedule.at(last, () -> step(task));
        }
    }

    private final Schedule schedule;
    private final double rate;
    private final long wallOffset;
    private final List<Runnable> held = new ArrayList<>();
    private long stoppedUntil;
    private boolean dead;

    /**
     * @param rate how many milliseconds its clocks count in one
     * @param wallOffset how far its wall clock is off, in milliseconds
     */
    SimProcess(Schedule schedule, double rate, long wallOffset) {
        this.schedule = schedule;
        this.rate = rate;
        this.wallOffset = wallOffset;
    }

    Loop loop() {
        return new Loop();
    }

    /** What the network, a timer or the database has for the process. */
    void step(Runnable task) {
        if (dead) {
            return;
        }
        if (isStopped()) {
            held.add(task);
        } else {
            task.run();
        }
    }

    void after(long ownMillis, Runnable task) {
        schedule.after(Math.max(1, Math.round(ownMillis / rate)), () -> step(task));
    }

    void stopFor(long millis) {
        if (dead || isStopped()) {
            return;
        }
        stoppedUntil = schedule.now() + millis;
        schedule.at(stoppedUntil, () -> {
            List<Runnable> all = List.copyOf(held);
            held.clear();
            all.forEach(task -> schedule.after(0, () -> step(task)));
        });
    }

    boolean isStopped() {
        return schedule.now() < stoppedUntil;
    }

    void kill() {
        dead = true;
        held.clear();
    }

    boolean isDead() {
        return dead;
    }

    /** Milliseconds of a clock that only goes on. */
    long monotonicMillis() {
        return Math.round((schedule.now() - Schedule.BEGIN) * rate);
    }

    /** Milliseconds since 1970, as far as this machine knows. */
    long wallMillis() {
        return schedule.now() + wallOffset;
    }

    long wallOffset() {
        return wallOffset;
    }
}
