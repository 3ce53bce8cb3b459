package io.tuskmq.storage;

/** The contract tests' fixture over a {@link MemoryStore}. */
final class MemoryFixture extends StoreFixture {
    private long nowMillis = 1_800_000_000_000L;
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
    public void close() {
        closeWriters();
    }
}
