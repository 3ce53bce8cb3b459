package io.tuskmq.storage.rules;

import java.util.Arrays;

/**
 * One id per lane: "all of that lane up to here". Mutable and owned by one thread; lanes are numbered from 1 and few. A lane the
 * vector has never heard of reads as 0.
 */
public final class LaneVector {
    private long[] ids;

    public LaneVector() {
        this(new long[0]);
    }

    /** A vector over {@code ids[lane - 1]}; takes the array over. */
    public LaneVector(long[] ids) {
        this.ids = ids;
    }

    public int lanes() {
        return ids.length;
    }

    public long get(int lane) {
        return lane <= ids.length ? ids[lane - 1] : 0;
    }

    /** Raises the id's own lane to the id; never lowers it. */
    public void advance(long id) {
        raise(LogId.laneOf(id), id);
    }

    /** Raises one lane to {@code id}, which may be of another lane (a bound in time); never lowers it. */
    public void raise(int lane, long id) {
        if (lane > ids.length) {
            ids = Arrays.copyOf(ids, lane);
        }
        ids[lane - 1] = Math.max(ids[lane - 1], id);
    }

    /** Raises every lane to that of the other vector. */
    public void raiseAll(LaneVector other) {
        for (int lane = 1; lane <= other.lanes(); lane++) {
            raise(lane, other.get(lane));
        }
    }

    /** True when the id lies at or below its lane's entry. */
    public boolean covers(long id) {
        return id <= get(LogId.laneOf(id));
    }

    /** The smallest entry, 0 for an empty vector. */
    public long low() {
        long low = Long.MAX_VALUE;
        for (long id : ids) {
            low = Math.min(low, id);
        }
        return ids.length == 0 ? 0 : low;
    }

    public LaneVector copy() {
        return new LaneVector(ids.clone());
    }

    public long[] toArray() {
        return ids.clone();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof LaneVector v && Arrays.equals(ids, v.ids);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ids);
    }

    @Override
    public String toString() {
        return Arrays.toString(ids);
    }
}
