package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.rules.RetainedSearch;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.sqlclient.Tuple;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

/** The hot statements on tables that PostgreSQL knows all about. */
final class PgSessionPlansTest extends SessionPlans {
    @Override
    void prepare(TestDatabase database) throws SQLException {
        fill(database, 1, SESSIONS);
        database.execute("ANALYZE");
    }

    @Test
    void theShorterOfRangeAndTagsIsChosen() {
        PgRetained retained = new PgRetained(sql);
        assertEquals(true, isTaggedShorter(retained, "site/+/dev/5005/k0"));
        assertEquals(false, isTaggedShorter(retained, "site/+/dev/+/k0"), "half of all topics");
        assertEquals(false, isTaggedShorter(retained, "site/5/dev/+/k1"), "the range is as short");
        assertEquals(
                2,
                get(retained.find("site/+/dev/5005/k0", "", 1_000)).messages().size());
        Retained.Page page = get(retained.find("site/+/dev/+/k0", "", 1_000));
        assertEquals(1_000, page.messages().size());
        assertTrue(page.messages().stream().allMatch(m -> m.topic().endsWith("/k0")));
    }

    /** A planner that would rather gather a range and sort it than walk it in order, as it would a range that it believes to be short. */
    @Test
    void aPageIsBoundedThoughThePlannerWouldRatherSort() {
        run("SET enable_indexscan = off", "SET enable_indexonlyscan = off", "DISCARD PLANS");
        try {
            assertPageOfARange();
        } finally {
            run("RESET enable_indexscan", "RESET enable_indexonlyscan", "DISCARD PLANS");
        }
    }

    private void run(String... statements) {
        for (String statement : statements) {
            get(sql.query(statement, Tuple.tuple()));
        }
    }

    private static boolean isTaggedShorter(PgRetained retained, String filter) {
        return get(retained.isTaggedShorter((RetainedSearch.Range) RetainedSearch.of(filter)));
    }
}
