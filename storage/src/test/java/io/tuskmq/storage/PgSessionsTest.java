package io.tuskmq.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(PostgresExtension.class)
final class PgSessionsTest extends SessionsContract {
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

    /** A key of PostgreSQL's index has 2,704 bytes at most; whoever asks for more must not take others along. */
    @Test
    void aFilterTooLongForItsKeyFailsAlone() {
        Claimed.Owned one = store.own(StoreFixture.claim("one", store.node()));
        Claimed.Owned two = store.own(StoreFixture.claim("two", store.node()));
        StringBuilder filter = new StringBuilder();
        new Random(1).ints(9_000, 'A', 'z').forEach(c -> filter.append((char) c));
        List<Future<List<Sessions.StoredSubscription>>> answers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            answers.add(store.sessions()
                    .subscribe(
                            i == 4 ? two.sessionId() : one.sessionId(),
                            i == 4 ? two.epoch() : one.epoch(),
                            StoreFixture.number(),
                            List.of(StoreFixture.subscription(i == 4 ? filter.toString() : "f" + i, 1))));
        }
        for (int i = 0; i < 10; i++) {
            Future<List<Sessions.StoredSubscription>> answer = answers.get(i);
            if (i == 4) {
                StorageException e = assertThrows(StorageException.class, () -> StoreFixture.get(answer));
                assertEquals(StorageException.Kind.PERMANENT, e.kind());
            } else {
                assertEquals(1, StoreFixture.get(answer).size());
            }
        }
    }
}
