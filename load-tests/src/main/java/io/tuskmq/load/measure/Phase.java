package io.tuskmq.load.measure;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** One stretch of a run, with what was counted, timed and used in it. It is written under the sampler's lock. */
public final class Phase {
    /** The name under which the watched processes are summed up. */
    public static final String ALL = "watched";

    private static final double[] PERCENTILES = {0, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100};

    private final String name;
    private final boolean goesOn;
    private final Map<Meters.Timing, Histogram> timings;
    private final Map<Meters.Count, Long> counts = new EnumMap<>(Meters.Count.class);
    private final Map<String, Double> cpuSeconds = new LinkedHashMap<>();
    private double seconds;

    Phase(String name) {
        this.name = name;
        this.goesOn = false;
        this.timings = noTimings();
    }

    /** A phase in which what was sent in the one before may arrive: it is timed there. */
    Phase(String name, Phase before) {
        this.name = name;
        this.goesOn = true;
        this.timings = before.timings;
    }

    private static Map<Meters.Timing, Histogram> noTimings() {
        Map<Meters.Timing, Histogram> timings = new EnumMap<>(Meters.Timing.class);
        for (Meters.Timing timing : Meters.Timing.values()) {
            timings.put(timing, Meters.histogram());
        }
        return timings;
    }

    void ends(double seconds, Map<Meters.Count, Long> counts, Map<String, Double> cpuSeconds) {
        this.seconds = seconds;
        this.counts.putAll(counts);
        this.cpuSeconds.putAll(cpuSeconds);
    }

    public String name() {
        return name;
    }

    public double seconds() {
        return seconds;
    }

    public long count(Meters.Count count) {
        return counts.getOrDefault(count, 0L);
    }

    public double perSecond(Meters.Count count) {
        return seconds > 0 ? count(count) / seconds : 0;
    }

    public Histogram timing(Meters.Timing timing) {
        return timings.getOrDefault(timing, Meters.histogram());
    }

    public Map<String, Double> cpuSeconds() {
        return cpuSeconds;
    }

    /** Processor seconds of all that was named, without the generator. */
    public double watchedCpuSeconds() {
        double sum = 0;
        for (Map.Entry<String, Double> used : cpuSeconds.entrySet()) {
            sum += used.getKey().equals(Processes.GENERATOR) ? 0 : used.getValue();
        }
        return sum;
    }

    /** In the words of the report. */
    public Map<String, Object> form() {
        Map<String, Object> form = new LinkedHashMap<>();
        form.put("name", name);
        form.put("seconds", seconds);
        Map<String, Object> perSecond = new LinkedHashMap<>();
        counts.forEach((count, number) -> {
            form.put(word(count), number);
            perSecond.put(word(count), perSecond(count));
        });
        form.put("per_second", perSecond);
        Map<String, Object> latencies = new LinkedHashMap<>();
        if (!goesOn) {
            timings.forEach((timing, histogram) -> {
                if (histogram.getTotalCount() > 0) {
                    latencies.put(word(timing), millis(histogram));
                }
            });
        }
        form.put("latency_millis", latencies);
        form.put("cpu_seconds", cpuSeconds);
        Map<String, Object> perCpuSecond = new LinkedHashMap<>();
        cpuSeconds.forEach((process, used) -> perCpuSecond.put(process, perCpuSecond(used)));
        if (cpuSeconds.size() > 1) {
            perCpuSecond.put(ALL, perCpuSecond(watchedCpuSeconds()));
        }
        form.put("per_cpu_second", perCpuSecond);
        return form;
    }

    private Map<String, Object> perCpuSecond(double used) {
        Map<String, Object> form = new LinkedHashMap<>();
        form.put("acknowledged", used > 0 ? count(Meters.Count.ACKNOWLEDGED) / used : 0.0);
        form.put("delivered", used > 0 ? count(Meters.Count.DELIVERED) / used : 0.0);
        return form;
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** A histogram of microseconds as percentiles in milliseconds. */
    public static Map<String, Object> millis(Histogram histogram) {
        Map<String, Object> form = new LinkedHashMap<>();
        form.put("count", histogram.getTotalCount());
        form.put("mean", histogram.getMean() / 1e3);
        for (double percentile : PERCENTILES) {
            String text = percentile == Math.rint(percentile) ? String.valueOf((int) percentile) : "" + percentile;
            form.put("p" + text.replace('.', '_'), histogram.getValueAtPercentile(percentile) / 1e3);
        }
        return form;
    }
}
