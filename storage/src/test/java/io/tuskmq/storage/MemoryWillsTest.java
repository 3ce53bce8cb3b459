package io.tuskmq.storage;

final class MemoryWillsTest extends WillsContract {
    private final MemoryFixture store = new MemoryFixture();

    @Override
    StoreFixture store() {
        return store;
    }
}
