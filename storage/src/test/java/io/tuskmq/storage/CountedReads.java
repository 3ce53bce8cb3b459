package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;

/**
 * Counts what a statement reads, instead of explaining its plan: PostgreSQL counts the rows that a transaction reads by scans and by
 * indexes, also inside functions. The statement is run often enough before for its cached plan, and always rolled back.
 *
 * @param scanned rows of growing tables that were read by whole scans
 * @param fetched rows that were found by an index
 */
record CountedReads(long scanned, long fetched) {
    static CountedReads of(Sql sql, String statement, Tuple args) {
        return get(sql.connection(connection -> {
            Future<?> warm = Future.succeededFuture();
            for (int i = 0; i < 6; i++) {
                warm = warm.compose(done -> rolledBack(connection, statement, args));
            }
            return warm.compose(done -> rolledBack(connection, statement, args));
        }));
    }

    private static Future<CountedReads> rolledBack(SqlConnection connection, String statement, Tuple args) {
        return connection
                .begin()
                .compose(transaction -> counted(connection)
                        .compose(before -> connection
                                .preparedQuery(statement)
                                .execute(args)
                                .compose(rows -> counted(connection))
                                .map(after -> new CountedReads(
                                        after.scanned() - before.scanned(), after.fetched() - before.fetched())))
                        .compose(reads -> transaction.rollback().map(reads)));
    }

    /** What this connection has read and not yet reported. */
    private static Future<CountedReads> counted(SqlConnection connection) {
        return connection.query("""
                SELECT coalesce(sum(seq_tup_read), 0)::bigint AS scanned, coalesce(sum(idx_tup_fetch), 0)::bigint AS fetched
                  FROM pg_stat_xact_user_tables WHERE relname NOT IN ('node', 'lane', 'filter_set', 'ended_node')""").execute().map(rows -> {
            Row row = rows.iterator().next();
            return new CountedReads(row.getLong("scanned"), row.getLong("fetched"));
        });
    }

    void assertByIndex(long fetchedMax) {
        assertEquals(0, scanned, "rows read by scanning whole tables");
        assertTrue(fetched <= fetchedMax, this + " > " + fetchedMax);
    }
}
