package io.tuskmq.load.measure;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/** A broker's PostgreSQL, seen from outside: its size, its write-ahead log, and what one commit takes. */
public final class Database {
    private final String jdbcUrl;

    public Database(String jdbcUrl) {
        this.jdbcUrl = jdbcUrl;
    }

    /** All tables and indexes of the database. */
    public long bytes() throws SQLException {
        return number("SELECT pg_database_size(current_database())");
    }

    /** Bytes of write-ahead log since the server was made: the difference of two calls counts, full page images too. */
    public long walBytes() throws SQLException {
        return number("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint");
    }

    /** Full pages (of 8 kB) in it: what is changed for the first time after a checkpoint, by vacuum too. */
    public long walFullPages() throws SQLException {
        return number("SELECT wal_fpi FROM pg_stat_wal");
    }

    /** How often autovacuum went through a table of the user's. */
    public long autovacuums() throws SQLException {
        return number("SELECT coalesce(sum(autovacuum_count), 0)::bigint FROM pg_stat_user_tables");
    }

    private long number(String query) throws SQLException {
        try (Connection connection = DriverManager.getConnection(jdbcUrl);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }

    /** One connection inserts one row of this size and commits, again and again: microseconds from INSERT to its answer. */
    public Histogram commitMicros(double seconds, int payloadBytes) throws SQLException {
        Histogram micros = Meters.histogram();
        byte[] payload = new byte[payloadBytes];
        new SplittableRandom().nextBytes(payload);
        try (Connection connection = DriverManager.getConnection(jdbcUrl);
                Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS commit_yardstick");
            statement.execute("CREATE TABLE commit_yardstick (id bigint PRIMARY KEY, payload bytea NOT NULL)");
            try (PreparedStatement insert =
                    connection.prepareStatement("INSERT INTO commit_yardstick (id, payload) VALUES (?, ?)")) {
                long end = System.nanoTime() + (long) (seconds * 1e9);
                for (long i = 0, start = System.nanoTime(); start < end; i++, start = System.nanoTime()) {
                    insert.setLong(1, i);
                    insert.setBytes(2, payload);
                    insert.executeUpdate();
                    micros.recordValue(Math.clamp((System.nanoTime() - start) / 1_000, 0, Meters.MICROS_MAX));
                }
            }
            statement.execute("DROP TABLE commit_yardstick");
        }
        return micros;
    }
}
