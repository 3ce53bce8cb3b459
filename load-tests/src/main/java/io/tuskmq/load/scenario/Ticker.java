package io.tuskmq.load.scenario;

import io.netty.channel.EventLoop;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;

/** Wakes the publishers of one event loop when their next message is due, with one timer for all of them. */
final class Ticker {
    /** Wakes closer together than this are one. */
    private static final long NANOS_MIN = 100_000;

    private record Due(long nanos, Runnable work) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            return Long.signum(nanos - other.nanos); // nanoTime may overflow
        }
    }

    private final EventLoop loop;
    private final PriorityQueue<Due> queue = new PriorityQueue<>();
    private long wakeNanos;
    private boolean isScheduled;

    Ticker(EventLoop loop) {
        this.loop = loop;
    }

    /** On the event loop. */
    void at(long nanos, Runnable work) {
        queue.add(new Due(nanos, work));
        schedule();
    }

    private void schedule() {
        Due head = queue.peek();
        if (head == null || (isScheduled && wakeNanos - head.nanos <= 0)) {
            return;
        }
        isScheduled = true;
        wakeNanos = head.nanos;
        long mine = wakeNanos;
        var _ = loop.schedule(
                () -> {
                    if (mine == wakeNanos) {
                        wake();
                    }
                },
                Math.max(NANOS_MIN, head.nanos - System.nanoTime()),
                TimeUnit.NANOSECONDS);
    }

    private void wake() {
        isScheduled = false;
        long now = System.nanoTime();
        for (Due head = queue.peek(); head != null && head.nanos - now <= 0; head = queue.peek()) {
            queue.poll();
            head.work.run();
        }
        schedule();
    }
}
