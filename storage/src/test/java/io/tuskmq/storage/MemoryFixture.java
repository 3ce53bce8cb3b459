package io.tuskmq.storage;

import io.tuskmq.storage.rules.LogId;

/** The contract tests' fixture over a {@link MemoryStore}. */
final class MemoryFixture extends StoreFixture {
    private long nowMillis = System.currentTimeMillis();
    private final MemoryStore store = new MemoryStore(() -> nowMillis, MemoryRunner.immediate(), copy);

    @Override
    Store store() {
        return store;
    }

    @Override
    void letLeasePass(long incarnation) {
        nowMillis += LEASE_MILLIS + 1;
    }

    @Override
    void passSeconds(long seconds) {
        nowMillis += seconds * 1_000;
        renewAll();
    }

    @Override
    void lead(int laneId, long millis) {
        store.tables().lanes.get(laneId - 1).head = LogId.first(nowMillis + millis, laneId);
    }

    @Override
    public void close() {
        closeWriters();
    }
}
