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
