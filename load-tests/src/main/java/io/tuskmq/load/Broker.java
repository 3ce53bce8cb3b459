package io.tuskmq.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The broker under load: one that runs already, or one that lives as long as this object, with a database of its own. */
final class Broker implements AutoCloseable {
    private static final Pattern READY = Pattern.compile("ready mqtt=(\\S+):(\\d+) .*");
    private static final Pattern DATABASE = Pattern.compile("database=postgresql://(\\w+)@(\\S+)");
    private static final int STOP_SECONDS = 60;

    private final InetSocketAddress mqtt;
    private final String jdbcUrl;
    private final OptionalLong pid;
    private final @Nullable Process process;
    private final @Nullable Path directory;

    private Broker(
            InetSocketAddress mqtt,
            String jdbcUrl,
            OptionalLong pid,
            @Nullable Process process,
            @Nullable Path directory) {
        this.mqtt = mqtt;
        this.jdbcUrl = jdbcUrl;
        this.pid = pid;
        this.process = process;
        this.directory = directory;
    }

    static Broker running(InetSocketAddress mqtt, String databaseUrl, @Nullable Long pid) {
        return new Broker(
                mqtt,
                Options.jdbcUrl(databaseUrl),
                pid == null ? OptionalLong.empty() : OptionalLong.of(pid),
                null,
                null);
    }

    /** Starts the launcher of this checkout and waits for its "ready" line. */
    static Broker start(Path home) throws IOException {
        Path directory = Files.createTempDirectory("offline-fill-");
        Path log = directory.resolve("broker.err");
        Process process = new ProcessBuilder(
                        home.resolve("tuskmq").toString(),
                        "start",
                        "--mqtt.port",
                        String.valueOf(freePort()),
                        "--mqtt.websocket.port",
                        "off",
                        "--http.port",
                        String.valueOf(freePort()),
                        "--database.embedded.dir",
                        directory.resolve("database").toString())
                .redirectError(log.toFile())
                .start();
        // Also when this process is told to end.
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
        try {
            // Not closed: the broker would meet a closed pipe.
            BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                Matcher ready = READY.matcher(line);
                if (ready.matches()) {
                    return new Broker(
                            new InetSocketAddress(ready.group(1), Integer.parseInt(ready.group(2))),
                            embeddedUrl(directory, Files.readString(log)),
                            OptionalLong.of(process.pid()),
                            process,
                            directory);
                }
            }
            throw new IOException("the broker did not start: " + Files.readString(log));
        } catch (IOException | RuntimeException e) {
            stop(process);
            delete(directory);
            throw e;
        }
    }

    private static String embeddedUrl(Path directory, String log) throws IOException {
        Matcher database = DATABASE.matcher(log);
        if (!database.find()) {
            throw new IOException("the broker did not tell its database: " + log);
        }
        String password =
                Files.readString(directory.resolve("database/password")).strip();
        return Options.jdbcUrl("postgresql://" + database.group(1) + ":" + password + "@" + database.group(2));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    InetSocketAddress mqtt() {
        return mqtt;
    }

    String jdbcUrl() {
        return jdbcUrl;
    }

    OptionalLong pid() {
        return pid;
    }

    boolean isOurs() {
        return process != null;
    }

    /** The database's first process, when it runs on this machine and tells where its data is. */
    OptionalLong postmasterPid() throws SQLException {
        try (java.sql.Connection connection = DriverManager.getConnection(jdbcUrl);
                ResultSet row = connection.createStatement().executeQuery("SELECT pg_backend_pid(), version()")) {
            row.next();
            // Our own connection's server process is a child of the first one, if it is here at all.
            return ProcessHandle.of(row.getLong(1)).flatMap(ProcessHandle::parent).stream()
                    .filter(p -> p.info().command().orElse("").contains("postgres"))
                    .mapToLong(ProcessHandle::pid)
                    .findFirst();
        }
    }

    String databaseVersion() throws SQLException {
        try (java.sql.Connection connection = DriverManager.getConnection(jdbcUrl)) {
            return connection.getMetaData().getDatabaseProductVersion();
        }
    }

    @Override
    public void close() throws IOException {
        if (process != null) {
            stop(process);
        }
        if (directory != null) {
            delete(directory);
        }
    }

    private static void stop(Process process) {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
