package io.tuskmq.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tuskmq.storage.Sessions.Claim;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(PostgresExtension.class)
final class PgLateCallsTest extends LateCallsContract {
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

    /** Whichever of the two comes first, nothing is left of the claim. */
    @Test
    void aClaimThatIsAbandonedMeanwhileLeavesNothing() throws Exception {
        long node = store.node();
        List<Future<?>> calls = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            Claim claim = StoreFixture.withWill(StoreFixture.claim("c" + i % 50, node), 0);
            Future<?> claimed = store.sessions().claim(claim);
            Future<?> abandoned = store.sessions().abandon(claim);
            if (i % 10 == 0) {
                StoreFixture.get(abandoned);
            }
            calls.add(claimed.otherwiseEmpty());
            calls.add(abandoned);
        }
        calls.forEach(StoreFixture::get);
        assertEquals(0, store.database.number("SELECT count(*) FROM will"));
        assertEquals(0, store.database.number("SELECT count(*) FROM session WHERE owner IS NOT NULL"));
    }
}
