package io.tuskmq.load.scenario;

import io.tuskmq.load.client.Target;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A TuskMQ from this checkout that lives as long as this object: one node, or several, on an embedded database of their own. */
final class StartedBroker implements AutoCloseable {
    private static final Pattern READY = Pattern.compile("ready mqtt=(\\S+):(\\d+) http=(\\S+) .*");
    private static final Pattern DATABASE = Pattern.compile("database=postgresql://(\\w+)@(\\S+)");
    private static final int STOP_SECONDS = 60;

    private final List<Target> targets;
    private final String jdbcUrl;
    private final Process process;
    private final Path directory;
    private boolean isOurs;
    private String httpAddress = "";

    private StartedBroker(List<Target> targets, String jdbcUrl, Process process, Path directory) {
        this.targets = List.copyOf(targets);
        this.jdbcUrl = jdbcUrl;
        this.process = process;
        this.directory = directory;
    }

    /** Starts the launcher of this checkout with an empty database and waits for the "ready" line of each node. */
    static StartedBroker start(Path home, int nodes) throws IOException {
        Path directory = Files.createTempDirectory("tuskmq-load-");
        try {
            StartedBroker broker = startIn(home, nodes, directory, Map.of());
            broker.isOurs = true;
            return broker;
        } catch (IOException | RuntimeException e) {
            delete(directory);
            throw e;
        }
    }

    /** The same with the database in a directory that stays, and with more environment. */
    static StartedBroker startIn(Path home, int nodes, Path directory, Map<String, String> environment)
            throws IOException {
        return startIn(home, nodes, directory, environment, "off");
    }

    /** @param webSocketPort off, or one that is free */
    static StartedBroker startIn(
            Path home, int nodes, Path directory, Map<String, String> environment, String webSocketPort)
            throws IOException {
        Path log = directory.resolve("broker.err");
        List<String> command = new ArrayList<>(List.of(home.resolve("tuskmq").toString()));
        command.addAll(nodes == 1 ? List.of("start") : List.of("dev-cluster", String.valueOf(nodes)));
        command.addAll(options(nodes, directory.resolve("database"), webSocketPort));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(log.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        // Also when this process is told to end.
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
        try {
            // Not closed: the broker would meet a closed pipe.
            BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
            List<Target> targets = new ArrayList<>();
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                Matcher ready = READY.matcher(line);
                if (ready.matches()) {
                    targets.add(new Target(ready.group(1), Integer.parseInt(ready.group(2))));
                    if (targets.size() == nodes) {
                        StartedBroker broker = new StartedBroker(
                                targets, embeddedUrl(directory, Files.readString(log)), process, directory);
                        broker.httpAddress = ready.group(3);
                        return broker;
                    }
                }
            }
            throw new IOException("the broker did not start: " + Files.readString(log));
        } catch (IOException | RuntimeException e) {
            stop(process);
            throw e;
        }
    }

    /** Several nodes take any free ports: they would count up from a given one. */
    private static List<String> options(int nodes, Path database, String webSocketPort) throws IOException {
        String mqtt = String.valueOf(nodes == 1 ? freePort() : 0);
        String http = String.valueOf(nodes == 1 ? freePort() : 0);
        return List.of(
                "--mqtt.port",
                mqtt,
                "--mqtt.websocket.port",
                webSocketPort,
                "--http.port",
                http,
                "--database.embedded.dir",
                database.toString());
    }

    private static String embeddedUrl(Path directory, String log) throws IOException {
        Matcher database = DATABASE.matcher(log);
        if (!database.find()) {
            throw new IOException("the broker did not tell its database: " + log);
        }
        String password =
                Files.readString(directory.resolve("database/password")).strip();
        return jdbcUrl("postgresql://" + database.group(1) + ":" + password + "@" + database.group(2));
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    List<Target> targets() {
        return targets;
    }

    /** {@code host:port} of the last node's metrics. */
    String httpAddress() {
        return httpAddress;
    }

    String jdbcUrl() {
        return jdbcUrl;
    }

    /** What the broker has said so far, which is removed with it else. */
    void keepLog(Path file) throws IOException {
        Files.copy(directory.resolve("broker.err"), file, StandardCopyOption.REPLACE_EXISTING);
    }

    /** One node is the launcher's own process, several are its children. */
    List<Long> nodePids() {
        if (targets.size() == 1) {
            return List.of(process.pid());
        }
        return process.children()
                .filter(child -> child.info().command().orElse("").endsWith("java"))
                .map(ProcessHandle::pid)
                .sorted()
                .toList();
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

    @Override
    public void close() throws IOException {
        stop(process);
        if (isOurs) {
            delete(directory);
        }
    }

    /** The JDBC form of a {@code postgresql://} URL. */
    static String jdbcUrl(String databaseUrl) {
        URI uri = URI.create(databaseUrl);
        String[] user =
                uri.getUserInfo() == null ? new String[0] : uri.getUserInfo().split(":", 2);
        StringBuilder jdbc = new StringBuilder("jdbc:postgresql://" + uri.getHost())
                .append(uri.getPort() < 0 ? "" : ":" + uri.getPort())
                .append(uri.getPath())
                .append('?');
        if (user.length > 0) {
            jdbc.append("user=").append(URLEncoder.encode(user[0], StandardCharsets.UTF_8));
        }
        if (user.length > 1) {
            jdbc.append("&password=").append(URLEncoder.encode(user[1], StandardCharsets.UTF_8));
        }
        return jdbc.append(uri.getRawQuery() == null ? "" : "&" + uri.getRawQuery())
                .toString();
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

    static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
