package io.tuskmq.node.simulation;

import java.util.PriorityQueue;
import java.util.SplittableRandom;

/** Virtual time and chance: the only source of both. */
final class Schedule {
    private record Step(long at, long order, Runnable work) implements Comparable<Step> {
        @Override
        public int compareTo(Step other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
        }
    }

    /** Milliseconds since 1970 at which all runs begin. */
    static final long BEGIN = 1_790_000_000_000L;

    private final PriorityQueue<Step> steps = new PriorityQueue<>();
    private final SplittableRandom random;
    private long now = BEGIN;
    private long order;

    Schedule(long seed) {
        random = new SplittableRandom(seed);
    }

    long now() {
        return now;
    }

    /** From 0 to {@code below} - 1. */
    int below(int below) {
        return random.nextInt(below);
    }

    boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    /** A short delay mostly, a long one now and then. */
    long delay(int millis) {
        return chance(0.05) ? below(millis * 20 + 1) : below(millis + 1);
    }

    void at(long time, Runnable work) {
        steps.add(new Step(Math.max(now, time), order++, work));
    }

    void after(long millis, Runnable work) {
        at(now + millis, work);
    }

    /** Runs what is due until the given time. */
    void runUntil(long time) {
        while (true) {
            Step next = steps.peek();
            if (next == null || next.at > time) {
                break;
            }
            steps.remove();
            now = next.at;
            next.work.run();
        }
        now = Math.max(now, time);
    }
}
