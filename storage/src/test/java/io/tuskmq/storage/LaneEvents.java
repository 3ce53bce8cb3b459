package io.tuskmq.storage;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** Notes what a lane's writer tells, and waits for it. */
final class LaneEvents implements LaneListener {
    final List<TestAppend> committed = new CopyOnWriteArrayList<>();
    final List<Append> refused = new CopyOnWriteArrayList<>();
    final AtomicInteger batches = new AtomicInteger();
    final AtomicInteger drained = new AtomicInteger();
    volatile long head;
    volatile boolean fenced;

    @Override
    public void committed(List<Append> batch, long newHead) {
        List<TestAppend> mine = new ArrayList<>();
        batch.forEach(append -> mine.add((TestAppend) append));
        committed.addAll(mine);
        batches.incrementAndGet();
        head = newHead;
    }

    @Override
    public void refused(Append append) {
        refused.add(append);
    }

    @Override
    public void drained() {
        drained.incrementAndGet();
    }

    @Override
    public void fenced() {
        fenced = true;
    }

    List<String> texts() {
        return committed.stream().map(TestAppend::text).toList();
    }

    void awaitCommitted(int count) {
        await(() -> committed.size() >= count, "committed " + count);
    }

    static void await(BooleanSupplier condition, String what) {
        long end = System.nanoTime() + 60_000_000_000L;
        while (!condition.getAsBoolean() && System.nanoTime() < end) {
            Thread.onSpinWait();
            java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
        }
        assertTrue(condition.getAsBoolean(), what);
    }
}
