package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneBatcher;
import io.tuskmq.storage.rules.LaneBatcher.Action;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** A lane's batch of 100 messages to one filter each, from the queue to the parameters of its statement; the figure is for one message. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LaneBatchBenchmark {
    private static final int MESSAGES = 100;
    private static final long NOW_MILLIS = 1_790_000_000_000L;

    private final LaneBatcher batcher = new LaneBatcher(1, 1, 0, new LaneBatcher.Limits(1_000, 1 << 20));
    private final Leases.Lane lane = new Leases.Lane(1, 0, 1);
    private final List<Append> appends = new ArrayList<>(MESSAGES);

    @Setup
    public void fill() {
        for (int i = 0; i < MESSAGES; i++) {
            appends.add(new OneFilter(Message.of("site/7/device/" + i + "/state", new byte[100], 1, false)));
        }
    }

    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public void batch(Blackhole sent) {
        for (Append append : appends) {
            batcher.add(append);
        }
        for (Action action : batcher.next(NOW_MILLIS)) {
            if (action instanceof Action.Send send) {
                sent.consume(AppendCall.of(lane, send.batch()));
            }
        }
        sent.consume(batcher.committed(Set.of(), NOW_MILLIS));
    }

    /** A message that one filter matches. */
    private static final class OneFilter extends Append {
        private final long[] filterIds = {7};

        OneFilter(Message message) {
            super(message, null, 0);
        }

        @Override
        public void match() {
            throw new IllegalStateException("the filters do not change here");
        }

        @Override
        public long[] filterIds() {
            return filterIds;
        }

        @Override
        public long filtersVersion() {
            return 1;
        }
    }
}
