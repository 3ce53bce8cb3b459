package io.tuskmq.storage;

final class MemoryLateCallsTest extends LateCallsContract {
    private final MemoryFixture store = new MemoryFixture();

    @Override
    StoreFixture store() {
        return store;
    }
}
