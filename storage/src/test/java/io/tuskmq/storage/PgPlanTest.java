package io.tuskmq.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** The hot statements find their rows by index on filled tables, also with the generic plan that a cached statement ends with. */
@ExtendWith(PostgresExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PgPlanTest {
    private static final String BIG = "(log_\\d+_\\d+|session|receipt|will|retained|filter|subscription)";

    @SuppressWarnings("NullAway.Init")
    private TestDatabase database;

    @BeforeAll
    void fill(TestDatabase fresh) throws SQLException {
        database = fresh;
        database.execute("""
                SELECT register_node('n', 4, 60000);
                CREATE TEMPORARY TABLE filled AS SELECT (max(head) >> 21) + 1577836800000 AS at FROM lane;
                SELECT ensure_log(at - 3600000 * n, at - 3600000 * n, 3600000) FROM filled, generate_series(0, 2) n;
                INSERT INTO log (filter_id, id, flags, topic, payload)
                SELECT n % 200, log_id(at - 3600000 * (n % 3), 1) + n, 1, 'a/' || n, 'x' FROM filled, generate_series(1, 30000) n;
                INSERT INTO session (client_id, principal, epoch, expiry_seconds, cursor)
                SELECT 'c' || n, 'p', 1, 1000, '{}' FROM generate_series(1, 5000) n;
                INSERT INTO receipt SELECT n, m FROM generate_series(1, 5000) n, generate_series(1, 4) m;
                INSERT INTO will (client_id, delay_seconds, message_expiry_seconds, topic, qos, retain, payload)
                SELECT 'c' || n, 0, 0, 't', 1, false, '' FROM generate_series(1, 20000) n;
                INSERT INTO retained (topic, qos, payload, tags)
                SELECT 'r/' || n, 1, 'x', ARRAY['0:r', '1:' || n] FROM generate_series(1, 20000) n;
                INSERT INTO filter (filter, added_version) SELECT 'f' || n, n FROM generate_series(1, 20000) n;
                ANALYZE""");
    }

    /** The generic plan of a statement with $n parameters. */
    private String plan(String sql, String arguments) throws SQLException {
        return plan("EXPLAIN", sql, arguments);
    }

    private String plan(String explain, String sql, String arguments) throws SQLException {
        StringBuilder plan = new StringBuilder();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SET plan_cache_mode = force_generic_plan");
            statement.execute("PREPARE hot AS " + sql);
            try (ResultSet rows = statement.executeQuery(explain + " EXECUTE hot(" + arguments + ")")) {
                while (rows.next()) {
                    plan.append(rows.getString(1)).append('\n');
                }
            }
        }
        return plan.toString();
    }

    static void assertByIndex(String plan) {
        assertFalse(plan.matches("(?s).*Seq Scan on " + BIG + "\\b.*"), plan);
        assertTrue(plan.contains("Index"), plan);
    }

    @Test
    void aPageIsOneRangeScanPerFilterWithoutSorting() throws SQLException {
        String plan = plan(PgLog.READ, "'{5,7}', '{0,0}', '{100,100}', 1000000");
        assertByIndex(plan);
        assertFalse(plan.matches("(?s).*Sort Key: log.*"), plan);
    }

    @Test
    void messagesAreFetchedByTheirKey() throws SQLException {
        assertByIndex(plan(PgLog.FETCH, "'{5,7}', '{1,2}'"));
    }

    /** Where the partition was vacuumed the table itself is not read: that is what makes an audit of all filters cheap. */
    @Test
    void digestsReadTheIndexAlone() throws SQLException {
        database.execute("VACUUM log");
        long head = database.number("SELECT max(id) FROM log");
        String plan = plan(
                "EXPLAIN (ANALYZE, COSTS OFF)", PgLog.DIGESTS, "'{5,7}', '{0,%1$d}', '{%1$d,%1$d}'".formatted(head));
        assertByIndex(plan);
        assertTrue(plan.contains("Index Only Scan using log_"), plan);
        assertTrue(plan.matches("(?s).*Heap Fetches: 0.*") && !plan.matches("(?s).*Heap Fetches: [1-9].*"), plan);
        assertFalse(plan.contains("Sort Key: log"), plan);
    }

    /** Once a second from each node: it reads the few rows of nodes and lanes and nothing else. */
    @Test
    void aHeartbeatReadsNodesAndLanesAlone() throws SQLException {
        StringBuilder plans = new StringBuilder();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;"
                            + " SET auto_explain.log_level = notice; SET client_min_messages = notice");
            statement.execute(PgLeases.HEARTBEAT
                    .replace("$1", "(SELECT max(incarnation) FROM node)")
                    .replace("$2", "60000"));
            for (SQLWarning w = statement.getWarnings(); w != null; w = w.getNextWarning()) {
                plans.append(w.getMessage()).append('\n');
            }
        }
        assertTrue(plans.toString().contains("array_agg(lane.last"), plans.toString());
        Matcher scans = Pattern.compile("Scan (?:using \\w+ )?on (\\w+)").matcher(plans);
        Set<String> read = new TreeSet<>();
        while (scans.find()) {
            read.add(scans.group(1));
        }
        read.removeAll(Set.of("heartbeat", "idle"));
        assertEquals(Set.of("lane", "node"), read, plans.toString());
    }

    @Test
    void newerFiltersAreFoundByTheirVersion() throws SQLException {
        assertByIndex(plan(PgFilters.CHANGES, "1, 20000"));
    }

    @Test
    void aBatchTouchesOnlyItsOwnRows() throws SQLException {
        String plans = plansOfABatch(database);
        assertTrue(plans.contains("INSERT INTO receipt"), plans);
        assertTrue(plans.contains("INSERT INTO retained"), plans);
        assertByIndex(plans);
        assertTrue(database.number("SELECT count(*) FROM log WHERE filter_id = 5 AND topic = 'a'") == 1, "appended");
    }

    @Test
    void aBatchOfLogRowsTouchesOnlyItsLane() throws SQLException {
        String plans = plans(database, """
                SELECT append_log(1, (SELECT owner FROM lane WHERE lane_id = 1), %1$d, %2$d, 100,
                                  '{6}', '{%2$d}', '{1}', '{NULL}', '{NULL}', '{b}', '{NULL}', '{x}')""");
        assertTrue(plans.contains("UPDATE lane"), plans);
        assertByIndex(plans);
        assertTrue(database.number("SELECT count(*) FROM log WHERE filter_id = 6 AND topic = 'b'") == 1, "appended");
    }

    /** Of one message with a receipt, a will and a retained copy, and all statements inside the function. */
    static String plansOfABatch(TestDatabase database) throws SQLException {
        return plans(database, """
                SELECT status FROM append_batch(1, (SELECT owner FROM lane WHERE lane_id = 1), %1$d, %2$d, 100,
                                                '{5}', '{%2$d}', '{1}', '{NULL}', '{NULL}', '{a}', '{NULL}', '{x}',
                                                '{%2$d}', '{17}', '{1}', '{99}', '{1}', '{%2$d}', '{18}',
                                                '{%2$d}', '{1}', '{NULL}', '{r/5}', '{NULL}', '{x}', '{2}', '{0:r,1:5}')""");
    }

    /** Of a batch, with the switches of our connections: of the call and of all statements inside the function. */
    private static String plans(TestDatabase database, String batch) throws SQLException {
        long head = database.number("SELECT head FROM lane WHERE lane_id = 1");
        StringBuilder plans = new StringBuilder();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;"
                            + " SET auto_explain.log_level = notice; SET client_min_messages = notice;"
                            + " SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off");
            statement.execute(batch.formatted(head, head + 1));
            for (SQLWarning w = statement.getWarnings(); w != null; w = w.getNextWarning()) {
                plans.append(w.getMessage()).append('\n');
            }
        }
        return plans.toString();
    }
}
