package io.tuskmq.cluster.rules;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** The route tree with one filter per device, of which every tenth has a wildcard, as a fleet with its own topics fills it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RouteTreeBenchmark {
    private static final int DEVICES_PER_SITE = 100;
    /** Coprime to the numbers of filters, so that all are visited in an order that no cache foresees. */
    private static final int STEP = 7_919;

    @Param({"1000", "1000000"})
    private int filters;

    private final RouteTree<Integer> tree = new RouteTree<>();
    private String[] topics = {};
    private int at;

    @Setup
    public void fill() {
        topics = new String[filters];
        for (int i = 0; i < filters; i++) {
            String device = "site/" + i / DEVICES_PER_SITE + "/device/" + i;
            tree.put(device + (i % 10 == 0 ? "/+" : i % 10 == 1 ? "/#" : "/state"), i);
            topics[i] = device + "/state";
        }
    }

    private int next() {
        at = (at + STEP) % filters;
        return at;
    }

    /** A topic that one filter matches. */
    @Benchmark
    public void match(Blackhole found) {
        tree.match(topics[next()], found::consume);
    }

    /** A topic that none matches, but for its last level. */
    @Benchmark
    public void matchNothing(Blackhole found) {
        tree.match("site/1/device/102/none", found::consume);
    }

    /** A filter comes and goes. */
    @Benchmark
    public void putAndRemove(Blackhole before) {
        String filter = topics[next()] + "/more";
        before.consume(tree.put(filter, 1));
        before.consume(tree.remove(filter));
    }
}
