package io.tuskmq.load.measure;

import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What was seen in about one second.
 *
 * @param atSeconds its end, since the run began
 * @param perSecond by the names of {@link Meters.Count}, small letters
 * @param cpuCores processor seconds per second, by process
 */
public record Sample(
        double atSeconds,
        String phase,
        Map<String, Double> perSecond,
        Quantiles acknowledgement,
        Quantiles delivery,
        Map<String, Double> cpuCores) {
    /** Latencies of one second in milliseconds; all 0 when there were none. */
    public record Quantiles(long count, double p50, double p99, double max) {
        static Quantiles of(Histogram micros) {
            return micros.getTotalCount() == 0
                    ? new Quantiles(0, 0, 0, 0)
                    : new Quantiles(
                            micros.getTotalCount(),
                            micros.getValueAtPercentile(50) / 1e3,
                            micros.getValueAtPercentile(99) / 1e3,
                            micros.getMaxValue() / 1e3);
        }

        Map<String, Object> form() {
            Map<String, Object> form = new LinkedHashMap<>();
            form.put("count", count);
            form.put("p50", p50);
            form.put("p99", p99);
            form.put("max", max);
            return form;
        }
    }

    /** In the words of the report. */
    public Map<String, Object> form() {
        Map<String, Object> form = new LinkedHashMap<>();
        form.put("at_seconds", atSeconds);
        form.put("phase", phase);
        form.put("per_second", perSecond);
        form.put("acknowledgement_millis", acknowledgement.form());
        form.put("delivery_millis", delivery.form());
        form.put("cpu_cores", cpuCores);
        return form;
    }
}
