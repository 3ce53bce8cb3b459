package io.tuskmq.storage;

final class MemoryAccessTest extends AccessContract {
    private final MemoryFixture store = new MemoryFixture();

    @Override
    StoreFixture store() {
        return store;
    }
}
