package io.tuskmq.storage.testing;

import io.tuskmq.migrations.DatabaseUrl;
import io.tuskmq.migrations.Migrate;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * The one PostgreSQL server of a test run: a given one, else a container where there is a Docker engine, else an embedded one. It
 * commits as durably as a production server, else tests of crashes would prove nothing.
 */
final class TestServer implements AutoCloseable {
    private static final String URL_VARIABLE = "TUSKMQ_TEST_DATABASE_URL";
    private static final Map<String, String> DURABLE =
            Map.of("fsync", "on", "synchronous_commit", "on", "full_page_writes", "on", "max_connections", "200");

    private final DatabaseUrl admin;
    private final Closeable stop;
    private final String prefix = "test_" + Long.toString(System.nanoTime(), 36) + "_";
    private final AtomicInteger created = new AtomicInteger();

    private TestServer(DatabaseUrl admin, Closeable stop) throws SQLException {
        this.admin = admin;
        this.stop = stop;
        // Migrated once; every test's database is a copy of it.
        execute("CREATE DATABASE " + prefix + "template");
        Migrate.run(admin.withDatabase(prefix + "template"));
    }

    static TestServer start() {
        try {
            String given = System.getenv(URL_VARIABLE);
            if (given != null && !given.isBlank()) {
                print(URL_VARIABLE);
                return new TestServer(DatabaseUrl.parse(given), () -> {});
            }
            return hasDockerEngine() ? container() : embedded();
        } catch (SQLException e) {
            throw new IllegalStateException("no PostgreSQL for the tests", e);
        } catch (IOException e) {
            throw new UncheckedIOException("no PostgreSQL for the tests", e);
        }
    }

    private static boolean hasDockerEngine() {
        return System.getenv("DOCKER_HOST") != null || Files.exists(Path.of("/var/run/docker.sock"));
    }

    @SuppressWarnings("resource") // closed by close()
    private static TestServer container() throws SQLException {
        PostgreSQLContainer container = new PostgreSQLContainer("postgres:18-alpine")
                .withCommand("postgres", "-c", "max_connections=200", "-c", "fsync=on");
        container.start();
        print("container " + container.getDockerImageName());
        return new TestServer(
                new DatabaseUrl(
                        container.getHost(),
                        container.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT),
                        container.getDatabaseName(),
                        container.getUsername(),
                        container.getPassword()),
                container::stop);
    }

    @SuppressWarnings("resource") // closed by close()
    private static TestServer embedded() throws IOException, SQLException {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder().setPGStartupWait(Duration.ofSeconds(90));
        DURABLE.forEach(builder::setServerConfig);
        EmbeddedPostgres postgres = builder.start();
        print("embedded PostgreSQL, port " + postgres.getPort());
        return new TestServer(
                new DatabaseUrl("localhost", postgres.getPort(), "postgres", "postgres", "postgres"), postgres);
    }

    private static void print(String which) {
        System.out.println("tests use " + which);
    }

    TestDatabase create() {
        String name = prefix + created.incrementAndGet();
        try {
            execute("CREATE DATABASE " + name + " TEMPLATE " + prefix + "template");
        } catch (SQLException e) {
            throw new IllegalStateException("no database for the test", e);
        }
        return new TestDatabase(this, admin.withDatabase(name));
    }

    void drop(String database) throws SQLException {
        execute("DROP DATABASE IF EXISTS " + database + " WITH (FORCE)");
    }

    void allowConnections(String database, boolean allow) throws SQLException {
        execute("ALTER DATABASE " + database + " WITH ALLOW_CONNECTIONS " + allow);
        if (!allow) {
            execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + database + "'");
        }
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(admin.jdbcUrl(), admin.user(), admin.password());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() throws SQLException, IOException {
        drop(prefix + "template");
        stop.close();
    }
}
