package io.tuskmq.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.migrations.DatabaseUrl;
import io.tuskmq.migrations.Migrate;
import io.tuskmq.migrations.MigrationException;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(PostgresExtension.class)
class MigrateTest {
    @Test
    void doesNothingWhenTheSchemaIsCurrent(TestDatabase database) {
        assertEquals(0, Migrate.run(database.url()).applied());
    }

    @Test
    void refusesASchemaThatIsNewer(TestDatabase database) throws Exception {
        database.execute(
                "INSERT INTO flyway_schema_history SELECT 999, '999', 'future', type, script, checksum, installed_by,"
                        + " installed_on, execution_time, success FROM flyway_schema_history WHERE version = '1'");
        MigrationException e = assertThrows(MigrationException.class, () -> Migrate.run(database.url()));
        assertEquals(MigrationException.Kind.NEWER_SCHEMA, e.kind());
        assertTrue(String.valueOf(e.getMessage()).contains("999"), e.getMessage());
    }

    @Test
    void startsAtTheSameTimeWaitForOneAnother(TestDatabase database) throws Exception {
        database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        List<Future<Migrate.Result>> results = new ArrayList<>();
        try (var threads = Executors.newFixedThreadPool(3)) {
            Callable<Migrate.Result> run = () -> Migrate.run(database.url());
            for (int i = 0; i < 3; i++) {
                results.add(threads.submit(run));
            }
        }
        int applied = 0;
        for (Future<Migrate.Result> result : results) {
            applied += result.get().applied();
        }
        assertEquals(database.number("SELECT count(*) FROM flyway_schema_history WHERE version IS NOT NULL"), applied);
    }

    /** Making the readers' index was cut off: it is there, invalid, and the history has the failure. */
    @Test
    void anIndexThatWasHalfMadeIsMadeAgain(TestDatabase database) throws Exception {
        database.beginAt(15);
        database.execute("""
                UPDATE flyway_schema_history SET success = false WHERE version = '15';
                UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'subscription_reader'::regclass""");
        Migrate.run(database.url());
        assertEquals(List.of("subscription_reader\tt"), database.query("""
                        SELECT indexrelid::regclass, indisvalid FROM pg_index
                         WHERE indexrelid::regclass::text IN ('subscription_reader', 'subscription_filter')"""));
        assertEquals(0, database.number("SELECT count(*) FROM flyway_schema_history WHERE NOT success"));
    }

    /** Who subscribes is waited for by the index; nobody waits for the index. */
    @Test
    void subscribersDoNotWaitForTheReadersIndex(TestDatabase database) throws Exception {
        database.beginAt(14);
        try (var thread = Executors.newSingleThreadExecutor();
                Connection open = database.connect();
                Connection subscriber = database.connect();
                Statement first = open.createStatement();
                Statement second = subscriber.createStatement()) {
            open.setAutoCommit(false);
            first.execute("LOCK TABLE subscription IN ROW EXCLUSIVE MODE");
            Future<Migrate.Result> migrated = thread.submit(() -> Migrate.run(database.url()));
            Instant end = Instant.now().plusSeconds(30);
            while (database.number(
                            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                                    + " AND query LIKE '%CREATE INDEX CONCURRENTLY%' AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'")
                    == 0) {
                assertTrue(Instant.now().isBefore(end) && !migrated.isDone(), "the index is not being made");
            }
            second.execute("SET lock_timeout = 2000; BEGIN; LOCK TABLE subscription IN ROW EXCLUSIVE MODE; COMMIT");
            open.rollback();
            int applied = migrated.get().applied();
            assertEquals(
                    database.number("SELECT count(*) FROM flyway_schema_history WHERE version::integer > 14"), applied);
        }
    }

    @Test
    void saysWhenTheDatabaseCannotBeReached() throws Exception {
        int port;
        try (ServerSocket unused = new ServerSocket(0)) {
            port = unused.getLocalPort();
        }
        DatabaseUrl nowhere = new DatabaseUrl("localhost", port, "x", "someone", "secret");
        MigrationException e = assertThrows(MigrationException.class, () -> Migrate.run(nowhere));
        assertEquals(MigrationException.Kind.UNREACHABLE, e.kind());
        assertFalse(String.valueOf(e.getMessage()).contains("secret"), e.getMessage());
    }
}
