package io.tuskmq.storage;

import static io.tuskmq.storage.PgNode.addFilter;
import static io.tuskmq.storage.StoreFixture.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.migrations.DatabaseUrl;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A server that answers and takes no writes, as a demoted primary does, and one that is away. */
@ExtendWith(PostgresExtension.class)
final class PgDemotedTest {
    private static final int CONNECTIONS = 3;
    private static final String WRITE = "UPDATE filter_set SET version = version";

    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void close() {
        get(vertx.close());
    }

    /** What connects from now on finds the server demoted, or not; what is connected stays as it is. */
    private static void demote(TestDatabase database, boolean demoted) throws Exception {
        try (var connection = database.connect();
                var statement = connection.createStatement()) {
            statement.execute("SET default_transaction_read_only = off");
            statement.execute("ALTER DATABASE " + database.url().database()
                    + (demoted ? " SET default_transaction_read_only = on" : " RESET default_transaction_read_only"));
        }
    }

    /** What each connection of the pool finds. */
    private static List<String> readOnly(Sql sql) {
        return each(sql, "current_setting('transaction_read_only')");
    }

    private static List<String> each(Sql sql, String expression) {
        return IntStream.range(0, CONNECTIONS)
                .mapToObj(i -> sql.query("SELECT " + expression + "::text FROM pg_sleep(0.2)", Tuple.tuple()))
                .toList()
                .stream()
                .map(rows -> get(rows).iterator().next().getString(0))
                .toList();
    }

    private void leaves(TestDatabase database, Function<Sql, Future<?>> write) throws Exception {
        demote(database, true);
        Sql sql = Sql.open(vertx, database.url(), Sql.Options.of(CONNECTIONS));
        LaneEvents.await(() -> Set.copyOf(each(sql, "pg_backend_pid()")).size() == CONNECTIONS, "all are connected");
        assertEquals(List.of("on", "on", "on"), readOnly(sql));
        demote(database, false);
        assertEquals(List.of("on", "on", "on"), readOnly(sql), "who only reads does not notice");
        StorageException e = assertThrows(StorageException.class, () -> get(write.apply(sql)));
        assertEquals(StorageException.Kind.TRANSIENT, e.kind());
        get(write.apply(sql));
        assertEquals(List.of("off", "off", "off"), readOnly(sql));
        get(sql.close());
    }

    @Test
    void aPoolLeavesAServerThatTakesNoWrites(TestDatabase database) throws Exception {
        leaves(database, sql -> sql.query(WRITE, Tuple.tuple()));
    }

    @Test
    void soItDoesAfterATransaction(TestDatabase database) throws Exception {
        leaves(database, sql -> sql.transaction(c -> c.query(WRITE).execute()));
    }

    @Test
    void soItDoesAfterWorkOnOneConnection(TestDatabase database) throws Exception {
        leaves(database, sql -> sql.connection(c -> c.query(WRITE).execute()));
    }

    /** The name may lead to the demoted server for a while: that must not become a storm of connections. */
    @Test
    void aServerThatStaysDemotedIsNotConnectedToAnewAtEachCall(TestDatabase database) throws Exception {
        demote(database, true);
        Sql sql = Sql.open(vertx, database.url(), Sql.Options.of(1));
        long end = System.nanoTime() + 1_500_000_000L;
        int calls = 0;
        while (System.nanoTime() < end || calls < 20) {
            assertThrows(StorageException.class, () -> get(sql.query(WRITE, Tuple.tuple())));
            calls++;
        }
        double seconds = (System.nanoTime() - end) / 1e9 + 1.5;
        long pid = pid(sql);
        demote(database, false);
        LaneEvents.await(
                () -> get(sql.query(WRITE, Tuple.tuple()).map(true).otherwise(false)), "the server is primary again");
        assertTrue(pid(sql) != pid);
        get(sql.close());
        long connected = database.number("SELECT sessions FROM pg_stat_database WHERE datname = current_database()");
        assertTrue(connected <= 10 + seconds, calls + " calls, " + connected + " connections");
    }

    private static long pid(Sql sql) {
        return get(sql.query("SELECT pg_backend_pid()", Tuple.tuple()))
                .iterator()
                .next()
                .getInteger(0);
    }

    /** I11: a lane keeps what it has, and connects until it finds a server that takes it. */
    @Test
    void aLaneLeavesAServerThatTakesNoWrites(TestDatabase database) throws Exception {
        long all = addFilter(database, "#");
        try (PgNode node = new PgNode(database, 1)) {
            LaneEvents events = new LaneEvents();
            LaneWriter writer = node.store.laneWriter(node.lease.lanes().getFirst(), events);
            writer.append(TestAppend.of(node.copy, "t", "1"));
            events.awaitCommitted(1);
            demote(database, true);
            database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    + " WHERE datname = current_database() AND pid <> pg_backend_pid()");
            writer.append(TestAppend.of(node.copy, "t", "2"));
            long rollbacks = rollbacks(database);
            LaneEvents.await(() -> rollbacks(database) > rollbacks + 2, "tried and refused");
            assertEquals(1, events.committed.size());
            demote(database, false);
            events.awaitCommitted(2);
            assertEquals(2, database.number("SELECT count(*) FROM log WHERE filter_id = " + all));
            get(writer.close());
        }
    }

    private static long rollbacks(TestDatabase database) {
        try {
            return database.number("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()");
        } catch (java.sql.SQLException e) {
            throw new AssertionError(e);
        }
    }

    /** The time from the database being back to the next append is the pause between two attempts. */
    @Test
    void aLaneWhoseDatabaseIsAwayTriesFourTimesASecond(TestDatabase database) throws Exception {
        List<Long> attempts = new CopyOnWriteArrayList<>();
        try (PgNode node = new PgNode(database, 1);
                ServerSocket away = new ServerSocket(0)) {
            Thread.startVirtualThread(() -> {
                try {
                    while (true) {
                        away.accept().close();
                        attempts.add(System.nanoTime());
                    }
                } catch (IOException closed) {
                    assertTrue(away.isClosed());
                }
            });
            DatabaseUrl there = database.url();
            DatabaseUrl nowhere =
                    new DatabaseUrl("localhost", away.getLocalPort(), there.database(), there.user(), there.password());
            PgStore store = PgStore.open(vertx, nowhere, PgStore.Options.defaults(), node.copy);
            store.laneWriter(node.lease.lanes().getFirst(), new LaneEvents())
                    .append(TestAppend.of(node.copy, "t", "x"));
            LaneEvents.await(() -> attempts.size() >= 16, "attempts");
            // The one in the middle: the machine may stand still between two of them.
            double seconds = IntStream.range(8, 16)
                            .mapToLong(i -> attempts.get(i) - attempts.get(i - 1))
                            .sorted()
                            .toArray()[4]
                    / 1e9;
            assertTrue(seconds > 0.12 && seconds < 0.6, seconds + " s between two attempts");
            get(store.close());
        }
    }
}
