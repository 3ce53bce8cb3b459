package io.tuskmq.load.measure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** Looks at meters and processes once a second, and at the borders of phases. */
public final class Sampler implements AutoCloseable {
    private final Meters meters;
    private final Processes processes;
    private final Consumer<Sample> watcher;
    private final ReentrantLock lock = new ReentrantLock();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("sampler").factory());
    private final List<Sample> samples = new ArrayList<>();
    private final List<Phase> phases = new ArrayList<>();
    private final long startNanos = System.nanoTime();
    private Reading last;
    private @Nullable Phase phase;
    private Reading phaseStart;

    private record Reading(long nanos, Map<Meters.Count, Long> counts, Map<String, Double> cpuSeconds) {}

    /** @param watcher sees each sample, on the sampler's thread */
    public Sampler(Meters meters, Processes processes, Consumer<Sample> watcher) throws IOException {
        this.meters = meters;
        this.processes = processes;
        this.watcher = watcher;
        this.last = read();
        this.phaseStart = last;
        var _ = timer.scheduleAtFixedRate(this::tick, 1, 1, TimeUnit.SECONDS);
    }

    /** Ends the phase that is on, if one is. What was sent there is timed there, also when {@code timesOn} and it arrives in the next. */
    public void begin(String name, boolean timesOn) {
        lock.lock();
        try {
            Phase before = phase;
            end();
            phase = timesOn && before != null ? new Phase(name, before) : new Phase(name);
            phaseStart = read();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lock.unlock();
        }
    }

    /** Ends the phase that is on, if one is. */
    public void end() {
        lock.lock();
        try {
            collect(read());
            Phase ending = phase;
            if (ending != null) {
                ending.ends(
                        (last.nanos - phaseStart.nanos) / 1e9,
                        minus(last.counts, phaseStart.counts),
                        used(last.cpuSeconds, phaseStart.cpuSeconds));
                phases.add(ending);
                phase = null;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lock.unlock();
        }
    }

    public Processes processes() {
        return processes;
    }

    /** The phases that have ended. */
    public List<Phase> phases() {
        lock.lock();
        try {
            return List.copyOf(phases);
        } finally {
            lock.unlock();
        }
    }

    public List<Sample> samples() {
        lock.lock();
        try {
            return List.copyOf(samples);
        } finally {
            lock.unlock();
        }
    }

    private void tick() {
        lock.lock();
        try {
            collect(read());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lock.unlock();
        }
    }

    private void collect(Reading now) {
        double seconds = (now.nanos - last.nanos) / 1e9;
        Map<Meters.Timing, Histogram> taken = new EnumMap<>(Meters.Timing.class);
        for (Meters.Timing timing : Meters.Timing.values()) {
            Histogram histogram = meters.take(timing);
            taken.put(timing, histogram);
            if (phase != null) {
                phase.timing(timing).add(histogram);
            }
        }
        // What a border of phases leaves over is too short to be shown.
        if (phase != null && seconds > 0.2) {
            Map<String, Double> perSecond = new LinkedHashMap<>();
            minus(now.counts, last.counts)
                    .forEach((count, number) -> perSecond.put(count.name().toLowerCase(Locale.ROOT), number / seconds));
            Map<String, Double> cores = used(now.cpuSeconds, last.cpuSeconds);
            cores.replaceAll((_, used) -> used / seconds);
            Sample sample = new Sample(
                    (now.nanos - startNanos) / 1e9,
                    phase.name(),
                    perSecond,
                    quantiles(taken.get(Meters.Timing.ACKNOWLEDGEMENT)),
                    quantiles(taken.get(Meters.Timing.DELIVERY)),
                    cores);
            samples.add(sample);
            watcher.accept(sample);
        }
        last = now;
    }

    private static Sample.Quantiles quantiles(@Nullable Histogram micros) {
        return Sample.Quantiles.of(micros == null ? Meters.histogram() : micros);
    }

    private Reading read() throws IOException {
        Map<Meters.Count, Long> counts = new EnumMap<>(Meters.Count.class);
        for (Meters.Count count : Meters.Count.values()) {
            counts.put(count, meters.count(count));
        }
        return new Reading(System.nanoTime(), counts, processes.cpuSeconds());
    }

    private static Map<Meters.Count, Long> minus(Map<Meters.Count, Long> after, Map<Meters.Count, Long> before) {
        Map<Meters.Count, Long> difference = new EnumMap<>(Meters.Count.class);
        after.forEach((count, number) -> difference.put(count, number - before.getOrDefault(count, 0L)));
        return difference;
    }

    private static Map<String, Double> used(Map<String, Double> after, Map<String, Double> before) {
        Map<String, Double> difference = new LinkedHashMap<>();
        after.forEach((name, seconds) -> difference.put(name, seconds - before.getOrDefault(name, 0.0)));
        return difference;
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
