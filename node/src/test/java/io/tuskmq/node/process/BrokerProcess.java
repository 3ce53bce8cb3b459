package io.tuskmq.node.process;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.Main;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A node in a process of its own, with the flags of the launcher, and its embedded PostgreSQL. {@link Brokers} ends both, whatever
 * happens in a test.
 */
final class BrokerProcess implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 120;
    private static final Pattern READY = Pattern.compile("ready mqtt=\\S+:(\\d+) http=\\S+:(\\d+) node=\\S+");
    private static final String END = "\0end";

    private final Process process;
    private final Path log;
    private final Path data;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private int mqttPort;
    private int httpPort;

    private BrokerProcess(Process process, Path log, Path data) {
        this.process = process;
        this.log = log;
        this.data = data;
        Thread.ofVirtual().start(this::readOutput);
    }

    /** Starts the node's main class and waits until it accepts clients. */
    static BrokerProcess start(Path directory, List<String> javaOptions, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+ExitOnOutOfMemoryError",
                "-XX:TieredStopAtLevel=1",
                "-Dtuskmq.home=" + directory));
        command.addAll(javaOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        return run(directory, command, options);
    }

    /** Starts it by the launcher; the first time that builds the sources. */
    static BrokerProcess launch(Path launcher, Path directory, String... options) throws IOException {
        return run(directory, List.of(launcher.toString()), options);
    }

    private static BrokerProcess run(Path directory, List<String> program, String... options) throws IOException {
        List<String> command = new ArrayList<>(program);
        Path database = directory.resolve("db");
        command.addAll(List.of("start", "--mqtt.port", "0", "--http.port", "0"));
        if (!List.of(options).contains("--mqtt.websocket.port")) {
            command.addAll(List.of("--mqtt.websocket.port", "off"));
        }
        command.addAll(List.of("--database.embedded.dir", database.toString()));
        command.addAll(List.of(options));
        Path log = Files.createTempFile(directory, "node", ".log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().keySet().removeIf(name -> name.startsWith("TUSKMQ_"));
        return new BrokerProcess(builder.start(), log, database.resolve("data"));
    }

    /** Waits for the ready line. */
    BrokerProcess awaitReady(int patienceSeconds) {
        try {
            String line = lines.poll(patienceSeconds, TimeUnit.SECONDS);
            Matcher ready = READY.matcher(line == null ? "" : line);
            assertTrue(ready.matches(), () -> "no ready line but " + line + "\n" + log());
            mqttPort = Integer.parseInt(ready.group(1));
            httpPort = Integer.parseInt(ready.group(2));
            return this;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    int mqttPort() {
        return mqttPort;
    }

    int httpPort() {
        return httpPort;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** {@code kill -9} of the node alone: its PostgreSQL goes on without it, and the next start must cope with that. */
    void killNine() {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** {@code kill -9} of the node and of every process of its PostgreSQL. */
    void killNineAll() {
        process.destroyForcibly();
        killPostgres();
        process.onExit().join();
    }

    /** The same in the other order: for a moment the node sees its database die. */
    void killNinePostgresFirst() {
        killPostgres();
        killNineAll(); // whatever it has started again meanwhile too
    }

    /** SIGTERM; returns the exit code. */
    int terminate() {
        process.destroy();
        try {
            assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), () -> "still running\n" + log());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return process.exitValue();
    }

    /** Stops the time of PostgreSQL: it neither answers nor closes its connections. */
    void pausePostgres() throws IOException {
        signalPostgres("-STOP");
    }

    void resumePostgres() throws IOException {
        signalPostgres("-CONT");
    }

    private void signalPostgres(String signal) throws IOException {
        List<String> command = new ArrayList<>(List.of("kill", signal));
        List<ProcessHandle> postgres = postgres();
        assertTrue(!postgres.isEmpty(), "PostgreSQL runs");
        postgres.forEach(one -> command.add(Long.toString(one.pid())));
        new ProcessBuilder(command).inheritIO().start().onExit().join();
    }

    /** The processes of this broker's PostgreSQL: those that work in its data directory. */
    List<ProcessHandle> postgres() {
        return ProcessHandle.allProcesses().filter(this::isOurPostgres).toList();
    }

    private boolean isOurPostgres(ProcessHandle candidate) {
        Path entry = Path.of("/proc", Long.toString(candidate.pid()));
        try {
            return Files.readSymbolicLink(entry.resolve("cwd")).equals(data)
                    && Files.readSymbolicLink(entry.resolve("exe"))
                            .getFileName()
                            .toString()
                            .startsWith("postgres");
        } catch (IOException _) {
            return false; // it has just ended, or it is another user's: not ours in both cases
        }
    }

    /** Until none is left: a postmaster may have been about to fork. */
    private void killPostgres() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        for (List<ProcessHandle> left = postgres(); !left.isEmpty(); left = postgres()) {
            assertTrue(System.nanoTime() < end, "PostgreSQL can't be killed");
            left.forEach(ProcessHandle::destroyForcibly);
            Thread.onSpinWait();
        }
    }

    /** Standard error so far. */
    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        killNineAll();
    }

    private void readOutput() {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
            }
        } catch (IOException e) {
            lines.add(e.toString());
        }
        lines.add(END);
    }
}
