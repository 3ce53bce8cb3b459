package io.tuskmq.storage;

final class MemorySessionsTest extends SessionsContract {
    private final MemoryFixture store = new MemoryFixture();

    @Override
    StoreFixture store() {
        return store;
    }
}
