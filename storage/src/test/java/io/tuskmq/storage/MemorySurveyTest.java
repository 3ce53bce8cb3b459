package io.tuskmq.storage;

final class MemorySurveyTest extends SurveyContract {
    private final MemoryFixture store = new MemoryFixture();

    @Override
    StoreFixture store() {
        return store;
    }
}
