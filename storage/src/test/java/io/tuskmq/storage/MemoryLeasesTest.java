package io.tuskmq.storage;

final class MemoryLeasesTest extends LeasesContract {
    private final MemoryFixture store = new MemoryFixture();

    @Override
    StoreFixture store() {
        return store;
    }
}
