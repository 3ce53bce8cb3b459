package io.tuskmq.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

    /** Else the old password would let in whoever proves it by SCRAM. */
    @Test
    void aPasswordThatIsChangedBySqlAloneLeavesNoKeysOfTheOldOne(TestDatabase database) throws SQLException {
        Access access = store.store().access();
        StoreFixture.get(access.addUser("alice", withKeys(HASH, 1)));
        database.execute("UPDATE mqtt_user SET password_hash = '" + OTHER_HASH + "' WHERE name = 'alice'");
        assertTrue(StoreFixture.get(access.scram("alice")).user().isEmpty());
    }

    /** The number of rounds is told to whoever asks: it must not be too small to protect, or too large for a client. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "scram_iterations = 4095",
                "scram_iterations = 10000001",
                "scram_salt = NULL",
                "scram_stored_key = 'x'"
            })
    void theTableRefusesKeysThatAreNotWholeOrNotBounded(String change, TestDatabase database) {
        StoreFixture.get(store.store().access().addUser("alice", withKeys(HASH, 1)));
        assertThrows(SQLException.class, () -> database.execute("UPDATE mqtt_user SET " + change));
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
