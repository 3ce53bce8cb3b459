package io.tuskmq.storage;

import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Receipts and wills come and go: statistics find none, but every scan reads the dead rows of the last minute. */
@ExtendWith(PostgresExtension.class)
class PgFreshPlanTest {
    @Test
    void aBatchTouchesOnlyItsOwnRowsWhenStatisticsSawEmptyTables(TestDatabase empty) throws SQLException {
        empty.execute("""
                SELECT ensure_log(now_millis(), now_millis(), 3600000);
                SELECT register_node('n', 4, 60000);
                INSERT INTO session (client_id, principal, epoch, expiry_seconds, cursor)
                SELECT 'c' || n, 'p', 1, 1000, '{}' FROM generate_series(1, 20) n;
                ANALYZE""");
        PgPlanTest.assertByIndex(PgPlanTest.plansOfABatch(empty));
    }
}
