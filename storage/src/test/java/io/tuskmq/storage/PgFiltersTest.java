package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Vertx;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A node's copy of the filter set follows it in steps, however many filters came at once. */
@ExtendWith(PostgresExtension.class)
final class PgFiltersTest {
    private static final int PAGE = 50;

    private final Vertx vertx = Vertx.vertx();
    private final TestFilters copy = new TestFilters();
    private final List<Filters.Changes> steps = new ArrayList<>();

    /** Runs after each step. */
    private Runnable meanwhile = () -> {};

    private final Filters.Copy watched = new Filters.Copy() {
        @Override
        public long version() {
            return copy.version();
        }

        @Override
        public void apply(Filters.Changes changes) {
            copy.apply(changes);
            steps.add(changes);
            meanwhile.run();
        }
    };

    @AfterEach
    void close() {
        get(vertx.close());
    }

    /** A version for every three filters; each seventh was removed ten versions later. */
    private static void fill(TestDatabase database) throws SQLException {
        database.execute("""
                INSERT INTO filter (filter, added_version, removed_version, removed_at)
                SELECT 'f' || n, 1 + n / 3, CASE WHEN n % 7 = 0 THEN 11 + n / 3 END, CASE WHEN n % 7 = 0 THEN now() END
                  FROM generate_series(1, 1000) n;
                UPDATE filter_set SET version = 345""");
    }

    private void assertWhole() {
        assertEquals(345, copy.version());
        for (int n = 1; n <= 1_000; n++) {
            assertEquals(n % 7 == 0 ? 0 : 1, copy.match("f" + n).length, "f" + n);
        }
    }

    @Test
    void manyChangesAreReadInSteps(TestDatabase database) throws SQLException {
        fill(database);
        Sql sql = Sql.open(vertx, database.url(), Sql.Options.of(1));
        assertEquals(345, get(new PgFilters(sql, watched, PAGE).catchUp()));
        assertWhole();
        assertTrue(steps.size() > 10, () -> steps.size() + " steps");
        for (Filters.Changes step : steps) {
            int changes = step.added().size() + step.removed().size();
            assertTrue(changes <= 2 * (PAGE + 3), () -> changes + " changes at once");
        }
        get(sql.close());
    }

    /** A database that goes away in the midst of it does not make it begin again. */
    @Test
    void whatWasReadBeforeAFailureStays(TestDatabase database) throws SQLException {
        fill(database);
        Sql broken = Sql.open(vertx, database.url(), Sql.Options.of(1));
        meanwhile = () -> {
            if (steps.size() == 5) {
                broken.close();
            }
        };
        assertThrows(StorageException.class, () -> get(new PgFilters(broken, watched, PAGE).catchUp()));
        assertEquals(5, steps.size());
        Sql sql = Sql.open(vertx, database.url(), Sql.Options.of(1));
        get(new PgFilters(sql, watched, PAGE).catchUp());
        assertWhole();
        get(sql.close());
    }
}
