package io.tuskmq.storage;

import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Vertx;
import java.sql.SQLException;

/** The contract tests' fixture over PostgreSQL. Time does not pass: all that is to come is moved nearer. */
final class PgFixture extends StoreFixture {
    /** As by default, but for the time: a disk that stands still for some seconds fails no test. */
    static final PgStore.Options PATIENT = new PgStore.Options(8, 20_000, 3_600_000);

    final TestDatabase database;
    final Vertx vertx = Vertx.vertx();
    private final PgStore store;

    PgFixture(TestDatabase database) {
        this.database = database;
        this.store = PgStore.open(vertx, database.url(), PATIENT, copy);
    }

    @Override
    Store store() {
        return store;
    }

    @Override
    void letLeasePass(long incarnation) {
        execute("UPDATE node SET lease_until = now() - interval '1 second' WHERE incarnation = " + incarnation);
    }

    @Override
    void passSeconds(long seconds) {
        execute(
                "UPDATE session SET expires_at = expires_at - %1$d * interval '1 second', look_at = look_at - %1$d * interval '1 second';"
                                .formatted(seconds)
                        + "UPDATE will SET due_at = due_at - %1$d * interval '1 second';".formatted(seconds)
                        + "UPDATE retained SET expires_at = expires_at - %1$d::bigint * 1000".formatted(seconds));
    }

    @Override
    void lead(int laneId, long millis) {
        execute("UPDATE lane SET head = log_id(now_millis() + %d, lane_id) WHERE lane_id = %d"
                .formatted(millis, laneId));
    }

    private void execute(String sql) {
        try {
            database.execute(sql);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        closeWriters();
        get(store.close());
        get(vertx.close());
    }
}
