package io.tuskmq.load.measure;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;
import org.jspecify.annotations.Nullable;

/** Counters and latencies of a run. Event loops write, each into recorders of its own; the sampler's thread reads. */
public final class Meters {
    /** What is counted. */
    public enum Count {
        SENT,
        ACKNOWLEDGED,
        DELIVERED,
        CONNECTED,
        DISCONNECTED,
        CONNECT_FAILED
    }

    /** What is timed. */
    public enum Timing {
        /** Until PUBACK or PUBREC. */
        ACKNOWLEDGEMENT,
        /** Until the subscriber has it. */
        DELIVERY,
        /** From opening the connection to CONNACK. */
        CONNECT
    }

    /** One hour: what takes longer counts as that. */
    static final long MICROS_MAX = 3_600_000_000L;

    private static final int DIGITS = 3;

    private final Map<Count, LongAdder> counts = new EnumMap<>(Count.class);
    private final List<Map<Timing, SingleWriterRecorder>> loops = new ArrayList<>();
    private final Map<Timing, @Nullable Histogram> spare = new EnumMap<>(Timing.class);

    public Meters(int loops) {
        for (Count count : Count.values()) {
            counts.put(count, new LongAdder());
        }
        for (int i = 0; i < loops; i++) {
            Map<Timing, SingleWriterRecorder> recorders = new EnumMap<>(Timing.class);
            for (Timing timing : Timing.values()) {
                recorders.put(timing, new SingleWriterRecorder(MICROS_MAX, DIGITS));
            }
            this.loops.add(recorders);
        }
    }

    public static Histogram histogram() {
        return new Histogram(MICROS_MAX, DIGITS);
    }

    /** The counter itself, for those who count often. */
    public LongAdder counter(Count count) {
        LongAdder counter = counts.get(count);
        if (counter == null) {
            throw new IllegalStateException("no counter " + count);
        }
        return counter;
    }

    public long count(Count count) {
        return counter(count).sum();
    }

    /** The recorder of one event loop, which alone may write to it. */
    public SingleWriterRecorder recorder(int loop, Timing timing) {
        SingleWriterRecorder recorder = loops.get(loop).get(timing);
        if (recorder == null) {
            throw new IllegalStateException("no recorder " + timing);
        }
        return recorder;
    }

    /** Records what lies between two times of {@link System#nanoTime}. */
    public static void record(SingleWriterRecorder recorder, long fromNanos, long toNanos) {
        recorder.recordValue(Math.clamp((toNanos - fromNanos) / 1_000, 0, MICROS_MAX));
    }

    /** Takes out what was recorded since the last call. One thread. */
    Histogram take(Timing timing) {
        Histogram sum = spare.get(timing);
        if (sum == null) {
            sum = histogram();
            spare.put(timing, sum);
        }
        sum.reset();
        for (int i = 0; i < loops.size(); i++) {
            sum.add(recorder(i, timing).getIntervalHistogram());
        }
        return sum;
    }
}
