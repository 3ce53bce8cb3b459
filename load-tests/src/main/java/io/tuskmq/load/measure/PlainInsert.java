package io.tuskmq.load.measure;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What the same PostgreSQL takes without a broker: plain batched inserts into a table with the log's columns and a key on the id, in the
 * quickest form known for arrays ({@code unnest()} in the select list).
 */
public final class PlainInsert {
    public static final int CONNECTIONS = 2;
    public static final int ROWS_PER_STATEMENT = 1_000;
    private static final String TABLE = """
            CREATE TABLE offline_fill_yardstick (
                filter_id bigint NOT NULL, id bigint PRIMARY KEY, flags smallint NOT NULL, expires_at bigint, publisher bigint,
                topic text COLLATE "C" NOT NULL, properties bytea, payload bytea NOT NULL)
            """;
    private static final String INSERT = """
            INSERT INTO offline_fill_yardstick (filter_id, id, flags, expires_at, publisher, topic, properties, payload)
            SELECT unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::smallint[]), unnest(?::bigint[]), unnest(?::bigint[]),
                   unnest(?::text[]), unnest(?::bytea[]), unnest(?::bytea[])
            """;

    private final String jdbcUrl;
    private final int payloadBytes;

    public PlainInsert(String jdbcUrl, int payloadBytes) {
        this.jdbcUrl = jdbcUrl;
        this.payloadBytes = payloadBytes;
    }

    /** Inserts so many rows (rounded up to whole statements on each connection) into a new table; returns how many. */
    public long run(int rows) throws Exception {
        int statements = Math.ceilDiv(rows, ROWS_PER_STATEMENT * CONNECTIONS);
        try (Connection connection = DriverManager.getConnection(jdbcUrl);
                ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS)) {
            recreate(connection);
            List<Callable<Void>> writers = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                int lane = i;
                writers.add(() -> {
                    write(lane, statements);
                    return null;
                });
            }
            for (Future<Void> writer : threads.invokeAll(writers)) {
                writer.get();
            }
        }
        return (long) statements * ROWS_PER_STATEMENT * CONNECTIONS;
    }

    public void drop() throws SQLException {
        try (Connection connection = DriverManager.getConnection(jdbcUrl);
                Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS offline_fill_yardstick");
        }
    }

    private static void recreate(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS offline_fill_yardstick");
            statement.execute(TABLE);
            statement.execute("ALTER TABLE offline_fill_yardstick ALTER COLUMN payload SET STORAGE EXTERNAL");
        }
    }

    private void write(int lane, int statements) throws SQLException {
        SplittableRandom random = new SplittableRandom();
        Long[] filters = new Long[ROWS_PER_STATEMENT];
        Long[] ids = new Long[ROWS_PER_STATEMENT];
        Short[] flags = new Short[ROWS_PER_STATEMENT];
        Long[] nothing = new Long[ROWS_PER_STATEMENT];
        String[] topics = new String[ROWS_PER_STATEMENT];
        byte[][] noBytes = new byte[ROWS_PER_STATEMENT][];
        byte[][] payloads = new byte[ROWS_PER_STATEMENT][payloadBytes];
        try (Connection connection = DriverManager.getConnection(jdbcUrl);
                PreparedStatement insert = connection.prepareStatement(INSERT)) {
            for (int s = 0; s < statements; s++) {
                for (int i = 0; i < ROWS_PER_STATEMENT; i++) {
                    filters[i] = (long) (i % 100);
                    ids[i] = ((long) s << 24) | ((long) lane << 20) | i;
                    flags[i] = 1;
                    topics[i] = "bench/offline/1/" + i % 100;
                    random.nextBytes(payloads[i]);
                }
                insert.setArray(1, connection.createArrayOf("int8", filters));
                insert.setArray(2, connection.createArrayOf("int8", ids));
                insert.setArray(3, connection.createArrayOf("int2", flags));
                insert.setArray(4, connection.createArrayOf("int8", nothing));
                insert.setArray(5, connection.createArrayOf("int8", nothing));
                insert.setArray(6, connection.createArrayOf("text", topics));
                insert.setArray(7, connection.createArrayOf("bytea", noBytes));
                insert.setArray(8, connection.createArrayOf("bytea", payloads));
                insert.executeUpdate();
            }
        }
    }
}
