package io.tuskmq.storage;

final class MemoryTakesTest extends TakesContract {
    private final MemoryFixture store = new MemoryFixture();

    @Override
    StoreFixture store() {
        return store;
    }
}
