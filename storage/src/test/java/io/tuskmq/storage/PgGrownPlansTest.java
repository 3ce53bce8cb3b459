package io.tuskmq.storage;

import io.tuskmq.storage.testing.TestDatabase;
import java.sql.SQLException;
import java.util.List;

/**
 * The hot statements on tables that were counted while nearly all their rows were gone, and have been filled again since: PostgreSQL takes
 * them for nearly empty, and whole reads for cheap, until it counts again.
 */
final class PgGrownPlansTest extends SessionPlans {
    private static final List<String> TABLES =
            List.of("session", "filter", "subscription", "receipt", "will", "retained");

    @Override
    void prepare(TestDatabase database) throws SQLException {
        fill(database, 1, SESSIONS);
        database.execute("ANALYZE");
        for (String table : TABLES) {
            database.execute("""
                    UPDATE pg_class SET reltuples = 20 WHERE oid = '%1$s'::regclass
                        OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = '%1$s'::regclass);
                    DELETE FROM pg_statistic WHERE starelid = '%1$s'::regclass;
                    ALTER TABLE %1$s SET (autovacuum_enabled = false)""".formatted(table));
        }
    }
}
