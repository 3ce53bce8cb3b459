package io.tuskmq.storage;

final class MemoryRetainedTest extends RetainedContract {
    private final MemoryFixture store = new MemoryFixture();

    @Override
    StoreFixture store() {
        return store;
    }
}
