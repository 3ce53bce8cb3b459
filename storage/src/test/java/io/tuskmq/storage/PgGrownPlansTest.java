package io.tuskmq.storage;

import io.tuskmq.storage.testing.TestDatabase;
import java.sql.SQLException;

/**
 * The hot statements on tables that were counted while nearly all their rows were gone, and have been filled again since: PostgreSQL takes
 * them for nearly empty, and whole reads for cheap, until it counts again.
 */
final class PgGrownPlansTest extends SessionPlans {
    private static final String TABLES = "('session', 'filter', 'subscription', 'receipt', 'will', 'retained')";

    @Override
    void prepare(TestDatabase database) throws SQLException {
        fill(database, 1, SESSIONS);
        database.execute("""
                ANALYZE;
                UPDATE pg_class SET reltuples = 20 WHERE relname IN %1$s
                    OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid::regclass::text IN %1$s);
                DELETE FROM pg_statistic WHERE starelid::regclass::text IN %1$s""".formatted(TABLES));
        for (String table : TABLES.replaceAll("[(')]", "").split(", ")) {
            database.execute("ALTER TABLE " + table + " SET (autovacuum_enabled = false)");
        }
    }
}
