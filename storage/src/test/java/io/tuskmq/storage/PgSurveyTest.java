package io.tuskmq.storage;

import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(PostgresExtension.class)
final class PgSurveyTest extends SurveyContract {
    @SuppressWarnings("NullAway.Init")
    private PgFixture store;

    @BeforeEach
    void open(TestDatabase database) {
        store = new PgFixture(database);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Override
    StoreFixture store() {
        return store;
    }
}
