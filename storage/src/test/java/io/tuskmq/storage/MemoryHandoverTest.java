package io.tuskmq.storage;

final class MemoryHandoverTest extends HandoverContract {
    private final MemoryFixture store = new MemoryFixture();

    @Override
    StoreFixture store() {
        return store;
    }
}
