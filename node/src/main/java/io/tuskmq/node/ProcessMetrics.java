package io.tuskmq.node;

import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.netty.util.concurrent.EventExecutor;
import io.tuskmq.node.metrics.Metrics;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is measured of the process, whatever becomes of its node: build, readiness, Java, event loops. */
final class ProcessMetrics {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessMetrics.class);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final double NANOS = 1e9;

    private final Metrics metrics;
    private final LongAdder leasesLost;

    /** @param ready whether the node takes clients now */
    ProcessMetrics(Metrics metrics, String nodeName, BooleanSupplier ready) {
        this.metrics = metrics;
        Runtime runtime = Runtime.getRuntime();
        Map<String, String> build = Map.of("version", Version.text(), "node", nodeName);
        metrics.gauge("tuskmq_build_info", "The running build: always 1.", build, () -> 1);
        metrics.gauge("tuskmq_ready", "Whether the node takes clients now.", () -> ready.getAsBoolean() ? 1 : 0);
        leasesLost = metrics.counter(
                "tuskmq_leases_lost_total",
                "How often another node took this one for dead: its clients had to go, and it came back.");
        metrics.gauge("tuskmq_heap_max_bytes", "Heap that this process may use, in bytes.", runtime::maxMemory);
        metrics.gauge(
                "tuskmq_heap_used_bytes",
                "Heap in use, garbage included, in bytes.",
                () -> runtime.totalMemory() - runtime.freeMemory());
        metrics.bind(new JvmMemoryMetrics());
        metrics.bind(new JvmThreadMetrics());
        metrics.bind(new ProcessorMetrics());
        metrics.bind(new UptimeMetrics());
    }

    /** Apart, since it must be closed: it listens to the Java machine. */
    JvmGcMetrics watchGarbageCollector() {
        JvmGcMetrics collector = new JvmGcMetrics();
        metrics.bind(collector);
        return collector;
    }

    void leaseLost() {
        leasesLost.increment();
    }

    /** Measures twice a second how late each event loop comes to what is due. Ends with the loops. */
    void watch(EventLoops loops) {
        watch("clients", loops.clients());
        watch("links", loops.links());
        watch("heartbeat", loops.heartbeat());
    }

    private void watch(String name, Vertx vertx) {
        Metrics.Histogram delays = metrics.histogram(
                "tuskmq_event_loop_delay_seconds",
                "How late event loops come to what is due, looked at twice a second.",
                Map.of("loops", name),
                0.001,
                0.002,
                0.005,
                0.01,
                0.02,
                0.05,
                0.1,
                0.2,
                0.5,
                1,
                2,
                5);
        for (EventExecutor loop : ((VertxInternal) vertx).nettyEventLoopGroup()) {
            next(loop, delays);
        }
    }

    @SuppressWarnings(
            "FutureReturnValueIgnored") // it fails when the loop has ended, and there is nothing more to measure
    private static void next(EventExecutor loop, Metrics.Histogram delays) {
        long dueNanos = System.nanoTime() + LOOK_NANOS;
        try {
            loop.schedule(
                    () -> {
                        delays.record(Math.max(0, System.nanoTime() - dueNanos) / NANOS);
                        next(loop, delays);
                    },
                    LOOK_NANOS,
                    TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("an event loop has ended, and is not measured any more");
        }
    }
}
