package io.tuskmq.storage;

import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.sql.SQLException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One node's store on a test's database, with a lease. */
final class PgNode implements AutoCloseable {
    final Vertx vertx = Vertx.vertx();
    final TestFilters copy = new TestFilters();
    final TestDatabase database;
    final PgStore store;
    final Leases.Lease lease;

    PgNode(TestDatabase database, int lanes) {
        this.database = database;
        this.store = PgStore.open(vertx, database.url(), PgFixture.PATIENT, copy);
        this.lease = await(store.leases().register("test", lanes, 60_000));
        await(store.filters().catchUp());
    }

    /** Makes a persistent filter as a subscription does, without one. Returns its id. */
    static long addFilter(TestDatabase database, String filter) throws SQLException {
        return database.number("WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(filter_set_lock())), "
                + " v AS (UPDATE filter_set SET version = version + 1 FROM locked RETURNING version)"
                + " INSERT INTO filter (filter, added_version) SELECT '" + filter
                + "', version FROM v RETURNING filter_id");
    }

    static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new AssertionError(e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("no answer in 60 s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        await(store.close());
        await(vertx.close());
    }
}
