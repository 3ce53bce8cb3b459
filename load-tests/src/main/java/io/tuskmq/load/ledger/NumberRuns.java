package io.tuskmq.load.ledger;

import java.util.Arrays;

/**
 * A set of numbers from 0 up, kept as runs of neighbours, so that numbers that come in order cost nothing. Holes cost 8 bytes each; of
 * more than {@value #RUNS_MAX} holes the lowest are given up: what is missing there stays missing.
 */
final class NumberRuns {
    static final int RUNS_MAX = 100_000;

    /** From (in it) and to (not in it), alternating, ascending, never touching. */
    private int[] bounds = new int[2];

    private int used;
    private long givenUp;

    /** Returns false when it was there already (or where holes were given up). */
    boolean add(int number) {
        if (used > 0 && number == bounds[used - 1]) {
            bounds[used - 1] = number + 1;
            return true;
        }
        if (used == 0 || number > bounds[used - 1]) {
            insert(used, number);
            return true;
        }
        int after = after(number);
        if ((after & 1) == 1) {
            return false;
        }
        boolean joinsBefore = after > 0 && bounds[after - 1] == number;
        boolean joinsNext = bounds[after] == number + 1;
        if (joinsBefore && joinsNext) {
            System.arraycopy(bounds, after + 1, bounds, after - 1, used - after - 1);
            used -= 2;
        } else if (joinsBefore) {
            bounds[after - 1]++;
        } else if (joinsNext) {
            bounds[after]--;
        } else {
            insert(after, number);
        }
        return true;
    }

    boolean contains(int number) {
        return (after(number) & 1) == 1;
    }

    /** The index of the first bound above the number: odd inside of a run, even outside. */
    private int after(int number) {
        int low = 0;
        int high = used;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (bounds[middle] <= number) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private void insert(int at, int number) {
        if (used == bounds.length) {
            bounds = Arrays.copyOf(bounds, Math.max(4, used * 2));
        }
        System.arraycopy(bounds, at, bounds, at + 2, used - at);
        bounds[at] = number;
        bounds[at + 1] = number + 1;
        used += 2;
        if (used > 2 * RUNS_MAX) {
            givenUp += bounds[2] - bounds[1];
            System.arraycopy(bounds, 3, bounds, 1, used - 3);
            used -= 2;
        }
    }

    /** Numbers that were missing when their hole was given up. */
    long givenUp() {
        return givenUp;
    }

    long size() {
        long size = -givenUp;
        for (int i = 0; i < used; i += 2) {
            size += bounds[i + 1] - bounds[i];
        }
        return size;
    }

    /** How many of these numbers the other set doesn't have, its given up holes included. */
    long missingIn(NumberRuns other) {
        long missing = other.givenUp;
        for (int i = 0; i < used; i += 2) {
            missing += bounds[i + 1] - bounds[i] - other.within(bounds[i], bounds[i + 1]);
        }
        return missing;
    }

    private long within(int from, int to) {
        long sum = 0;
        for (int i = after(from) & ~1; i < used && bounds[i] < to; i += 2) {
            sum += Math.max(0, Math.min(to, bounds[i + 1]) - Math.max(from, bounds[i]));
        }
        return sum;
    }

    /** The bounds as they are, for a file. */
    int[] bounds() {
        return Arrays.copyOf(bounds, used);
    }

    static NumberRuns of(int[] bounds) {
        NumberRuns runs = new NumberRuns();
        runs.bounds = bounds.length == 0 ? new int[2] : bounds.clone();
        runs.used = bounds.length;
        return runs;
    }
}
