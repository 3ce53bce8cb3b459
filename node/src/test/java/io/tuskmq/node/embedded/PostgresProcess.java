package io.tuskmq.node.embedded;

import io.tuskmq.node.process.cluster.Await;
import io.tuskmq.node.process.cluster.Program;
import io.zonky.test.db.postgres.util.LinuxUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL that belongs to a test, made of the embedded binaries and with durable commits: it can be killed, stopped, paused and
 * started again on the same port and directory. Unlike {@link EmbeddedDatabase} nobody starts it again but the test.
 */
public final class PostgresProcess implements AutoCloseable {
    private static final String USER = "tuskmq";
    private static final String PASSWORD = "tuskmq";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Place place;
    private final Path data;
    private final PostgresPrograms programs;
    private final Path binaries;
    private @Nullable Program program;
    private boolean paused;

    private PostgresProcess(Place place, Path binaries) {
        this.place = place;
        this.data = place.directory().resolve("data");
        this.binaries = binaries;
        this.programs = new PostgresPrograms(binaries);
    }

    /**
     * Where it runs.
     *
     * @param directory its data and its log
     * @param shared keeps the unpacked binaries, for all servers of a test run
     * @param prefix words before its command: to run it in a network namespace
     */
    public record Place(Path directory, Path shared, String host, int port, List<String> prefix) {}

    /** Makes the data directory and starts. */
    public static PostgresProcess create(Place place) {
        try {
            Files.createDirectories(place.shared());
            Files.createDirectories(place.directory());
            PostgresProcess postgres = new PostgresProcess(place, PostgresBinaries.unpackInto(place.shared()));
            postgres.initialize();
            postgres.start();
            return postgres;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void initialize() throws IOException {
        Path password = place.directory().resolve("password");
        Files.writeString(password, PASSWORD + "\n");
        programs.run(
                "initdb",
                List.of(
                        "--pgdata=" + data,
                        "--username=" + USER,
                        "--auth=scram-sha-256",
                        "--pwfile=" + password,
                        "--encoding=UTF8",
                        "--locale=C",
                        "--no-sync"));
        Files.writeString(data.resolve("pg_hba.conf"), "host all all all scram-sha-256\n", StandardOpenOption.APPEND);
    }

    /** Starts it, on what a killed one has left, and waits until it accepts connections. */
    public void start() {
        try {
            Postmaster.awaitNone(data, PATIENCE);
            Files.deleteIfExists(Postmaster.pidFile(data));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> command = new ArrayList<>(place.prefix());
        if (LinuxUtils.isUnshareAvailable()) {
            command.addAll(List.of("unshare", "-U"));
        }
        command.addAll(List.of(binaries.resolve("bin/postgres").toString(), "-D", data.toString()));
        command.addAll(List.of("-p", Integer.toString(place.port())));
        for (String setting : List.of(
                "listen_addresses=" + place.host(),
                "unix_socket_directories=",
                "max_connections=200",
                "fsync=on",
                "synchronous_commit=on",
                "full_page_writes=on")) {
            command.addAll(List.of("-c", setting));
        }
        Program started = Program.start(place.directory().resolve("postgres.log"), command);
        program = started;
        Await.until("PostgreSQL accepts connections", PATIENCE, () -> accepts(started), started::tail);
    }

    private boolean accepts(Program started) {
        if (!started.isRunning()) {
            throw new AssertionError("PostgreSQL has ended\n" + started.tail());
        }
        try (Connection connection = connect()) {
            return connection.isValid(1);
        } catch (SQLException _) {
            return false; // it is starting, or recovers
        }
    }

    /** A connection of the test's own. */
    public Connection connect() throws SQLException {
        return DriverManager.getConnection(
                "jdbc:" + "postgresql://" + place.host() + ":" + place.port()
                        + "/postgres?connectTimeout=5&socketTimeout=30",
                USER,
                PASSWORD);
    }

    /** {@code postgresql://user:password@host:port/database}; stays the same. */
    public String url() {
        return "postgresql://" + USER + ":" + PASSWORD + "@" + place.host() + ":" + place.port() + "/postgres";
    }

    public boolean isRunning() {
        Program current = program;
        return current != null && current.isRunning();
    }

    /** {@code kill -9} of all its processes, as when its machine dies. */
    public void killNine() {
        running().killNine();
        paused = false;
        Await.until("no process of PostgreSQL is left", PATIENCE, () -> {
            List<ProcessHandle> left = Postmaster.workingIn(data);
            left.forEach(ProcessHandle::destroyForcibly);
            return left.isEmpty();
        });
    }

    /** A stop that ends its clients' connections. */
    public void stop() {
        running().signal("INT");
        running().awaitExit(PATIENCE);
    }

    /** Stops its time: it neither answers nor closes its connections. */
    public void pause() {
        signalAll("STOP");
        paused = true;
    }

    public void resume() {
        if (paused) {
            signalAll("CONT");
            paused = false;
        }
    }

    /** Of its processes one or another may be ending just now. */
    private void signalAll(String name) {
        for (ProcessHandle one : Postmaster.workingIn(data)) {
            try {
                Program.run("kill", "-" + name, Long.toString(one.pid()));
            } catch (IllegalStateException e) {
                if (one.isAlive()) {
                    throw e;
                }
            }
        }
    }

    public String tail() {
        return running().tail();
    }

    private Program running() {
        Program current = program;
        if (current == null) {
            throw new IllegalStateException("PostgreSQL was never started");
        }
        return current;
    }

    /** Kills it and removes the data; the log stays. */
    @Override
    public void close() {
        if (program != null) {
            killNine();
        }
        try {
            PostgresBinaries.deleteTree(data);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
