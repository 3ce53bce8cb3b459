package io.tuskmq.storage;

import static io.tuskmq.storage.PgNode.await;

class MemoryLaneTest extends LaneContract {
    private final MemoryStore store = new MemoryStore(System::currentTimeMillis, MemoryRunner.immediate(), copy);

    @Override
    protected Store store() {
        return store;
    }

    @Override
    protected void closeStore() {
        await(store.close());
    }
}
