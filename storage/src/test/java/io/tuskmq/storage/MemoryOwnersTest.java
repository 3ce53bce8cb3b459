package io.tuskmq.storage;

final class MemoryOwnersTest extends OwnersContract {
    private final MemoryFixture store = new MemoryFixture();

    @Override
    StoreFixture store() {
        return store;
    }
}
