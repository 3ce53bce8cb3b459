package io.tuskmq.node.metrics;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.config.NamingConvention;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * All metrics of a node, in Micrometer's registry for Prometheus. Counters are registered by name and kept by their users; counting costs one
 * {@link LongAdder#add}, all else is read when the page is asked for. May be called from any thread. Names follow Prometheus: {@code
 * tuskmq_} first, the unit last, {@code _total} on counters.
 */
public final class Metrics {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]*");
    private static final Pattern WHOLE = Pattern.compile(" (-?[0-9]+)\\.0$", Pattern.MULTILINE);
    private static final String TOTAL = "_total";

    /** A histogram's way in. One record costs about as much as ten counts: for batches, not for messages. */
    public interface Histogram {
        void record(double value);
    }

    /** One sample of a metric; what it reads may be replaced. */
    private static final class Sample {
        private final LongAdder adder = new LongAdder();
        private volatile DoubleSupplier value = adder::doubleValue;
    }

    /** A metric whose samples come and go. */
    private static final class Rows {
        private final MultiGauge gauge;
        private volatile Supplier<List<MultiGauge.Row<?>>> read = List::of;

        Rows(MultiGauge gauge) {
            this.gauge = gauge;
        }

        void refresh() {
            gauge.register(read.get(), true);
        }
    }

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ConcurrentMap<String, Meter.Type> types = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, Sample> samples = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, Rows> rows = new ConcurrentHashMap<>();

    public Metrics() {
        NamingConvention prometheus = registry.config().namingConvention();
        registry.config().namingConvention(new NamingConvention() {
            @Override
            public String name(String name, Meter.Type type, @Nullable String unit) {
                // Ours are named already; those of Micrometer's binders are not.
                return name.startsWith("tuskmq_") ? name : prometheus.name(name, type, unit);
            }
        });
    }

    /** The counter of that name; the same one for every caller. Its name ends in {@code _total}. */
    public LongAdder counter(String name, String help) {
        return counter(name, help, Map.of());
    }

    /** The counter of that name with these labels, whose values must be few and known beforehand: never a client's text. */
    public LongAdder counter(String name, String help, Map<String, String> labels) {
        return total(name, help, labels).adder;
    }

    /** A count that something else keeps, read when the page is asked for. Its name ends in {@code _total}. */
    public void counted(String name, String help, Map<String, String> labels, DoubleSupplier value) {
        total(name, help, labels).value = value;
    }

    private Sample total(String name, String help, Map<String, String> labels) {
        if (!name.endsWith(TOTAL)) {
            throw new IllegalArgumentException("a counter's name ends in _total: " + name);
        }
        Tags tags = tags(name, Meter.Type.COUNTER, labels);
        return samples.computeIfAbsent(name + tags, key -> {
            Sample sample = new Sample();
            FunctionCounter.builder(name, sample, of -> of.value.getAsDouble())
                    .description(help)
                    .tags(tags)
                    .register(registry);
            return sample;
        });
    }

    /** A value that is read when the page is asked for, on an event loop: it must not block. A second one of that name replaces it. */
    public void gauge(String name, String help, DoubleSupplier value) {
        gauge(name, help, Map.of(), value);
    }

    /** The same with labels. */
    public void gauge(String name, String help, Map<String, String> labels, DoubleSupplier value) {
        Tags tags = tags(name, Meter.Type.GAUGE, labels);
        samples.computeIfAbsent(name + tags, key -> {
                    Sample sample = new Sample();
                    Gauge.builder(name, sample, of -> of.value.getAsDouble())
                            .description(help)
                            .tags(tags)
                            .register(registry);
                    return sample;
                })
                .value = value;
    }

    /** A gauge that has no sample while its value is not known. */
    public void known(String name, String help, Supplier<OptionalDouble> value) {
        rows(name, help).read = () -> {
            OptionalDouble now = value.get();
            return now.isPresent() ? List.of(MultiGauge.Row.of(Tags.empty(), now.getAsDouble())) : List.of();
        };
    }

    /** A gauge with one sample for each value of a label that there is now: few, and never a client's text. */
    public void each(String name, String help, String label, Supplier<Map<String, Double>> values) {
        rows(name, help).read = () -> {
            List<MultiGauge.Row<?>> read = new ArrayList<>();
            values.get().forEach((of, value) -> read.add(MultiGauge.Row.of(tags(Map.of(label, of)), value)));
            return read;
        };
    }

    private Rows rows(String name, String help) {
        tags(name, Meter.Type.OTHER, Map.of());
        return rows.computeIfAbsent(
                name, key -> new Rows(MultiGauge.builder(name).description(help).register(registry)));
    }

    /**
     * The histogram of that name; the same one for every caller. Of seconds when its name ends in {@code _seconds}, else of whole numbers:
     * Micrometer's summaries round up before they look for the bucket, its timers keep nanoseconds.
     *
     * @param bounds of its buckets, rising
     */
    public Histogram histogram(String name, String help, double... bounds) {
        return histogram(name, help, Map.of(), bounds);
    }

    /** The same with labels. */
    public Histogram histogram(String name, String help, Map<String, String> labels, double... bounds) {
        if (name.endsWith("_seconds")) {
            Tags tags = tags(name, Meter.Type.TIMER, labels);
            Timer timer = Timer.builder(name)
                    .description(help)
                    .tags(tags)
                    .serviceLevelObjectives(
                            DoubleStream.of(bounds).mapToObj(Metrics::seconds).toArray(Duration[]::new))
                    .register(registry);
            return value -> timer.record(seconds(value));
        }
        Tags tags = tags(name, Meter.Type.DISTRIBUTION_SUMMARY, labels);
        return DistributionSummary.builder(name)
                .description(help)
                .tags(tags)
                .serviceLevelObjectives(bounds)
                .register(registry)::record;
    }

    private static Duration seconds(double seconds) {
        return Duration.ofNanos(Math.round(seconds * TimeUnit.SECONDS.toNanos(1)));
    }

    /** Micrometer's own metrics, of the Java machine for example. */
    public void bind(MeterBinder binder) {
        binder.bindTo(registry);
    }

    /** Everything in Prometheus' text format 0.0.4, sorted by name. */
    public String text() {
        rows.values().forEach(Rows::refresh);
        // Whole numbers as such: shorter, and most are.
        return WHOLE.matcher(registry.scrape()).replaceAll(" $1");
    }

    private Tags tags(String name, Meter.Type type, Map<String, String> labels) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("not a metric's name: " + name);
        }
        Meter.Type before = types.putIfAbsent(name, type);
        if (before != null && before != type) {
            throw new IllegalArgumentException("already registered as another type: " + name);
        }
        return tags(labels);
    }

    private static Tags tags(Map<String, String> labels) {
        List<Tag> tags = new ArrayList<>();
        labels.forEach((name, value) -> {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("not a label's name: " + name);
            }
            tags.add(Tag.of(name, value));
        });
        return Tags.of(tags); // sorted by name
    }
}
