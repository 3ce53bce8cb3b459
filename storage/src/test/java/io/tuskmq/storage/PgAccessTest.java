package io.tuskmq.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(PostgresExtension.class)
final class PgAccessTest extends AccessContract {
    @SuppressWarnings("NullAway.Init")
    private PgFixture store;

    @BeforeEach
    void open(TestDatabase database) {
        store = new PgFixture(database);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Override
    StoreFixture store() {
        return store;
    }

    /** What is no hash, or a name that means something else, can't get in by SQL either. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "('alice', 'secret')",
                "('anonymous', '%s')",
                "('$share', '%s')",
                "('', '%s')",
                "(E'a\\nb', '%s')"
            })
    void theTableRefusesWhatCouldLetSomebodyIn(String row, TestDatabase database) {
        assertThrows(
                SQLException.class,
                () -> database.execute("INSERT INTO mqtt_user (name, password_hash) VALUES " + row.formatted(HASH)));
    }

    @Test
    void changesBySqlCountToo(TestDatabase database) throws SQLException {
        Access.Version before = StoreFixture.get(store.store().access().version());
        database.execute("INSERT INTO acl_rule (allow, actions, topic) VALUES (false, 'all', '#')");
        database.execute("TRUNCATE mqtt_user");
        Access.Version after = StoreFixture.get(store.store().access().version());
        assertEquals(before.rules() + 1, after.rules());
        assertEquals(before.users() + 1, after.users());
    }
}
