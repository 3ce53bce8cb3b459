package io.tuskmq.storage;

final class MemoryLogTest extends LogContract {
    private final MemoryFixture store = new MemoryFixture();

    @Override
    StoreFixture store() {
        return store;
    }
}
