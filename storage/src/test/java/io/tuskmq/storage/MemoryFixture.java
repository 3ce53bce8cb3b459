package io.tuskmq.storage;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The contract tests' fixture over a {@link MemoryStore}. */
final class MemoryFixture extends StoreFixture {
    private static final long LEASE_MILLIS = 10_000;
    private final Map<Long, LaneWriter> writers = new HashMap<>();
    private long nowMillis = 1_800_000_000_000L;
    private boolean committed;
    private final MemoryStore store = new MemoryStore(() -> nowMillis, MemoryRunner.immediate(), new CopyOfFilters());

    @Override
    Sessions sessions() {
        return store.sessions();
    }

    @Override
    Wills wills() {
        return store.wills();
    }

    @Override
    Retained retained() {
        return store.retained();
    }

    @Override
    long node() {
        Leases.Lease lease = get(store.leases().register("n", 1, LEASE_MILLIS));
        writers.put(lease.incarnation(), store.laneWriter(lease.lanes().getFirst(), new LaneListener() {
            @Override
            public void committed(List<Append> batch, long head) {
                committed = !batch.isEmpty();
            }

            @Override
            public void refused(Append append) {}

            @Override
            public void drained() {}

            @Override
            public void fenced() {
                throw new AssertionError("fenced");
            }
        }));
        return lease.incarnation();
    }

    @Override
    void letLeasePass(long incarnation) {
        nowMillis += LEASE_MILLIS + 1;
    }

    @Override
    void endNode(long incarnation) {
        get(store.leases().release(incarnation));
    }

    @Override
    void passSeconds(long seconds) {
        nowMillis += seconds * 1_000;
        // Nodes renew meanwhile.
        writers.keySet().forEach(node -> store.leases().renew(node, LEASE_MILLIS));
    }

    @Override
    boolean append(long incarnation, Message message, Append.@Nullable Receipt receipt, long willId) {
        committed = false;
        LaneWriter writer = writers.get(incarnation);
        if (writer == null) {
            throw new AssertionError("no such node");
        }
        writer.append(new PlainAppend(message, receipt, willId));
        return committed;
    }

    @Override
    public void close() {}

    static final class CopyOfFilters implements Filters.Copy {
        private long version;

        @Override
        public long version() {
            return version;
        }

        @Override
        public void apply(Filters.Changes changes) {
            version = changes.version();
        }
    }

    /** An append that matches no filter. */
    static final class PlainAppend extends Append {
        PlainAppend(Message message, @Nullable Receipt receipt, long willId) {
            super(message, receipt, willId);
        }

        @Override
        public void match() {}

        @Override
        public long[] filterIds() {
            return new long[0];
        }

        @Override
        public long filtersVersion() {
            return Long.MAX_VALUE;
        }
    }
}
