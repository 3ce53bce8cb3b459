package io.tuskmq.storage.testing;

import io.tuskmq.migrations.DatabaseUrl;
import io.tuskmq.migrations.Migrate;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;

/** A fresh, migrated database for one test (or one test class), dropped after it. A parameter that {@link PostgresExtension} resolves. */
public final class TestDatabase implements AutoCloseable {
    private final TestServer server;
    private final DatabaseUrl url;

    TestDatabase(TestServer server, DatabaseUrl url) {
        this.server = server;
        this.url = url;
    }

    /** For the code under test. */
    public DatabaseUrl url() {
        return url;
    }

    /** In the form of the setting {@code database.url}. */
    public String urlString() {
        return "postgresql://" + url.user() + (url.password().isEmpty() ? "" : ":" + url.password()) + "@" + url.host()
                + ":" + url.port() + "/" + url.database();
    }

    /** A connection of the test's own. */
    public Connection connect() throws SQLException {
        return DriverManager.getConnection(url.jdbcUrl(), url.user(), url.password());
    }

    /** Empties it and gives it the schema of an earlier version. */
    public void beginAt(int version) throws SQLException {
        execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        FluentConfiguration configuration = Flyway.configure(Migrate.class.getClassLoader())
                .dataSource(url.jdbcUrl(), url.user(), url.password())
                .locations("classpath:db/migration")
                .target(String.valueOf(version));
        configuration
                .getConfigurationExtension(PostgreSQLConfigurationExtension.class)
                .setTransactionalLock(false);
        configuration.load().migrate();
    }

    /** Runs statements without results. */
    public void execute(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The rows of a query, columns joined by a tab. */
    public List<String> query(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> lines = new ArrayList<>();
            while (rows.next()) {
                StringBuilder line = new StringBuilder();
                for (int c = 1; c <= rows.getMetaData().getColumnCount(); c++) {
                    line.append(c == 1 ? "" : "\t").append(rows.getString(c));
                }
                lines.add(line.toString());
            }
            return lines;
        }
    }

    /** The single number that a query returns. */
    public long number(String sql) throws SQLException {
        return Long.parseLong(query(sql).getFirst());
    }

    /** False: ends all connections and refuses new ones, as a database that is away; true: it is back. */
    public void allowConnections(boolean allow) throws SQLException {
        server.allowConnections(url.database(), allow);
    }

    @Override
    public void close() throws SQLException {
        server.drop(url.database());
    }
}
