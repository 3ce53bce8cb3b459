package io.tuskmq.node.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL that belongs to this process, in a directory that survives it: for development and single machines.
 *
 * <p>Commits are durable, whatever its configuration file says. One process at a time may open a directory. What a killed process left
 * running there is stopped and started anew; what a killed PostgreSQL left behind is recovered by PostgreSQL. When PostgreSQL dies while
 * open, it is started again on the same port.
 *
 * <p>In the directory: {@code data} (the cluster), {@code programs-…}, {@code password}, {@code lock}, {@code start.log}.
 */
public final class EmbeddedDatabase implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EmbeddedDatabase.class);
    private static final String USER = "tuskmq";
    private static final Duration CHILDREN_END = Duration.ofSeconds(10);
    private static final int START_SECONDS = 600;
    private static final int STOP_SECONDS = 60;
    private static final long WATCH_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int PASSWORD_BYTES = 24;
    /** Without these a committed row is lost in a crash; given on the command line, so that they win over the file. */
    private static final List<String> DURABLE = List.of("fsync", "synchronous_commit", "full_page_writes");

    private final Path directory;
    private final Path data;
    private final DirectoryLock lock;
    private final PostgresPrograms programs;
    private final String password;
    private final int port;
    private final ReentrantLock state = new ReentrantLock();
    private final Condition stateChanged = state.newCondition();
    private boolean closing;

    private EmbeddedDatabase(Path directory, DirectoryLock lock, PostgresPrograms programs, String password)
            throws IOException {
        this.directory = directory;
        this.data = directory.resolve("data");
        this.lock = lock;
        this.programs = programs;
        this.password = password;
        this.port = freePort();
    }

    /**
     * Starts the database of a directory, which is made when it isn't there: 3 to 12 s the first time, then 1 to 2 s.
     *
     * @throws EmbeddedDatabaseException with a sentence: in use, damaged, of another major version, not allowed here
     */
    public static EmbeddedDatabase open(Path where) {
        try {
            Path directory = Files.createDirectories(where).toRealPath();
            DirectoryLock lock = DirectoryLock.take(directory);
            try {
                return openLocked(directory, lock);
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw new EmbeddedDatabaseException("The embedded database in " + where + " can't be opened: " + e, e);
        }
    }

    private static EmbeddedDatabase openLocked(Path directory, DirectoryLock lock) throws IOException {
        log.info(
                "embedded PostgreSQL in {}: for development and single machines; in production give --database.url",
                directory);
        PostgresPrograms programs = new PostgresPrograms(PostgresBinaries.unpackInto(directory));
        EmbeddedDatabase database = new EmbeddedDatabase(directory, lock, programs, password(directory));
        database.initialize();
        database.endOrphans();
        database.start();
        try {
            database.requireDurable();
        } catch (RuntimeException e) {
            database.stopPostgres();
            throw e;
        }
        database.watch();
        return database;
    }

    /** The {@link #url} of one that another process has open in the directory now. */
    public static Optional<String> urlOfRunning(Path directory) {
        Path data = directory.resolve("data");
        try {
            boolean runs = Postmaster.named(data)
                    .filter(process -> Postmaster.worksIn(process, data))
                    .isPresent();
            if (!runs || !Files.exists(directory.resolve("password"))) {
                return Optional.empty();
            }
            // PostgreSQL's manual, "postmaster.pid": the fourth line is the port.
            int port = Integer.parseInt(
                    Files.readAllLines(Postmaster.pidFile(data)).get(3).strip());
            return Optional.of(url(password(directory), port));
        } catch (IOException | IndexOutOfBoundsException | NumberFormatException _) {
            return Optional.empty(); // it is just starting or ending
        }
    }

    /** {@code postgresql://user:password@host:port/database}; stays the same while it is open. */
    public String url() {
        return url(password, port);
    }

    private static String url(String password, int port) {
        return "postgresql://" + USER + ":" + password + "@127.0.0.1:" + port + "/postgres";
    }

    /** Stops PostgreSQL (its clients are disconnected) and frees the directory. */
    @Override
    public void close() {
        state.lock();
        try {
            if (closing) {
                return;
            }
            closing = true;
            stateChanged.signalAll();
            stopPostgres();
            lock.close();
        } catch (IOException e) {
            throw new EmbeddedDatabaseException("The embedded database in " + directory + " was not stopped: " + e, e);
        } finally {
            state.unlock();
        }
    }

    private void initialize() throws IOException {
        if (Files.exists(data)) {
            String ours = programs.majorVersion();
            String found = Files.readString(data.resolve("PG_VERSION")).strip();
            if (!found.equals(ours)) {
                throw new EmbeddedDatabaseException("The database in " + directory + " was made by PostgreSQL " + found
                        + ", this TuskMQ brings PostgreSQL " + ours + ": run the release that made it, or move its"
                        + " contents to a PostgreSQL of your own (pg_dump) and give --database.url.");
            }
            return;
        }
        Path unfinished = directory.resolve("data-unfinished");
        PostgresBinaries.deleteTree(unfinished);
        programs.run(
                "initdb",
                List.of(
                        "--pgdata=" + unfinished,
                        "--username=" + USER,
                        "--auth=scram-sha-256",
                        "--pwfile=" + directory.resolve("password"),
                        "--encoding=UTF8",
                        "--locale=C"));
        Files.move(unfinished, data, StandardCopyOption.ATOMIC_MOVE);
    }

    /** We hold the lock, so whatever PostgreSQL still runs here lost its TuskMQ. */
    private void endOrphans() throws IOException {
        Optional<ProcessHandle> named = Postmaster.named(data);
        if (named.isPresent() && Postmaster.worksIn(named.get(), data)) {
            log.info(
                    "embedded PostgreSQL pid={} was left running by a TuskMQ that is gone: stopping it",
                    named.get().pid());
            stopPostgres();
        }
        Postmaster.awaitNone(data, CHILDREN_END);
        if (Files.deleteIfExists(Postmaster.pidFile(data))) {
            // PostgreSQL would take any living process with that id for itself. None of its own is alive: we have just
            // looked.
            log.info("embedded PostgreSQL was not shut down cleanly: it recovers now");
        }
    }

    private void start() throws IOException {
        String options = String.join(
                " ",
                "-p " + port,
                "-c listen_addresses=127.0.0.1",
                "-c unix_socket_directories=''",
                "-c max_connections=300",
                // A week of logs, in files that are overwritten.
                "-c logging_collector=on",
                "-c log_directory=log",
                "-c log_filename=postgresql-%a.log",
                "-c log_truncate_on_rotation=on",
                "-c log_rotation_age=1d",
                "-c log_rotation_size=0");
        String durable =
                String.join(" ", DURABLE.stream().map(s -> "-c " + s + "=on").toList());
        Path startLog = directory.resolve("start.log");
        Files.deleteIfExists(startLog);
        try {
            programs.run(
                    "pg_ctl",
                    List.of(
                            "start",
                            "--pgdata=" + data,
                            "--wait",
                            "--timeout=" + START_SECONDS,
                            "--log=" + startLog,
                            "--options=" + options + " " + durable));
        } catch (EmbeddedDatabaseException e) {
            throw new EmbeddedDatabaseException(
                    "The embedded PostgreSQL in " + directory + " did not start; see " + startLog + " and "
                            + data.resolve("log") + ". " + e.getMessage(),
                    e);
        }
    }

    private void stopPostgres() throws IOException {
        if (!isRunning()) {
            return;
        }
        List<String> stop = List.of("stop", "--pgdata=" + data, "--wait", "--timeout=" + STOP_SECONDS);
        try {
            programs.run("pg_ctl", with(stop, "--mode=fast"));
        } catch (EmbeddedDatabaseException e) {
            log.warn("embedded PostgreSQL did not stop in {} s, it is stopped hard: {}", STOP_SECONDS, e.getMessage());
            programs.run("pg_ctl", with(stop, "--mode=immediate"));
        }
    }

    private static List<String> with(List<String> arguments, String last) {
        List<String> all = new java.util.ArrayList<>(arguments);
        all.add(last);
        return all;
    }

    private void requireDurable() {
        try (Connection connection = DriverManager.getConnection(
                        "jdbc:" + "postgresql://127.0.0.1:" + port + "/postgres", USER, password);
                Statement statement = connection.createStatement()) {
            for (String setting : DURABLE) {
                try (ResultSet row = statement.executeQuery("SHOW " + setting)) {
                    row.next();
                    if (!row.getString(1).equals("on")) {
                        throw new EmbeddedDatabaseException("The embedded PostgreSQL in " + directory + " runs with "
                                + setting + "=" + row.getString(1) + ": commits would not survive a crash.");
                    }
                }
            }
        } catch (SQLException e) {
            throw new EmbeddedDatabaseException(
                    "The embedded PostgreSQL in " + directory + " does not answer: " + e.getMessage(), e);
        }
    }

    /** Starts PostgreSQL again when it dies while we are open: killed for want of memory, say. */
    private void watch() {
        Thread.ofPlatform().daemon().name("embedded-postgresql").start(() -> {
            state.lock();
            try {
                while (!closing) {
                    if (!isRunning()) {
                        restart();
                    }
                    stateChanged.awaitNanos(WATCH_NANOS);
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            } finally {
                state.unlock();
            }
        });
    }

    /** Not by waiting for its end: where process 1 doesn't collect its dead, a dead one seems to run for ever. */
    private boolean isRunning() {
        try {
            return Postmaster.named(data)
                    .filter(p -> Postmaster.worksIn(p, data))
                    .isPresent();
        } catch (IOException | EmbeddedDatabaseException _) {
            return false;
        }
    }

    private void restart() {
        try {
            log.warn("embedded PostgreSQL died: starting it again");
            endOrphans();
            start();
            log.warn("embedded PostgreSQL runs again");
        } catch (IOException | EmbeddedDatabaseException e) {
            log.error("embedded PostgreSQL: {}; it is tried again", e.getMessage());
        }
    }

    /** Made once; only this user can read it, and only this machine can reach the port. */
    private static String password(Path directory) throws IOException {
        Path file = directory.resolve("password");
        if (!Files.exists(file)) {
            byte[] random = new byte[PASSWORD_BYTES];
            new SecureRandom().nextBytes(random);
            Path unfinished = directory.resolve("password-unfinished");
            Files.deleteIfExists(unfinished);
            Files.createFile(
                    unfinished, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(unfinished, HexFormat.of().formatHex(random) + "\n");
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        }
        return Files.readString(file).strip();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
