package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A process of {@link Main}, as the launcher makes it. It never outlives its test. */
public final class NodeProcess implements AutoCloseable {
    private static final int LIMIT_SECONDS = 90;
    private static final String END = "\0end";

    private final Process process;
    private final Path log;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    private NodeProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
        Thread.ofVirtual().start(this::readOutput);
    }

    public static NodeProcess run(Path dir, String... arguments) throws IOException {
        return run(dir, Map.of(), arguments);
    }

    /** @param dir where the process works, and keeps its log and its embedded database */
    static NodeProcess run(Path dir, Map<String, String> environment, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-Dtuskmq.home=" + dir,
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(Arrays.asList(arguments));
        Path log = Files.createTempFile(dir, "node", ".log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(dir.toFile())
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().keySet().removeIf(name -> name.startsWith("TUSKMQ_"));
        builder.environment().putAll(environment);
        return new NodeProcess(builder.start(), log);
    }

    /** A node with an embedded database in {@code dir} and any free ports. */
    static NodeProcess start(Path dir) throws IOException {
        return run(dir, "start", "--mqtt.port=0", "--http.port=0", "--mqtt.websocket.port=off");
    }

    /** Waits for the ready line. */
    public String awaitReady() throws IOException, InterruptedException {
        String line = lines.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
        assertTrue(line != null && line.startsWith("ready "), () -> "no ready line but " + line + "\n" + log());
        return line;
    }

    /** Waits for the end and returns the exit code. */
    int awaitExit() throws IOException, InterruptedException {
        assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), () -> "still running\n" + log());
        return process.exitValue();
    }

    /** All of standard output that no one has taken yet; the process must have ended. */
    List<String> output() throws InterruptedException {
        List<String> rest = new ArrayList<>();
        for (String line = lines.take(); !line.equals(END); line = lines.take()) {
            rest.add(line);
        }
        return rest;
    }

    /** Standard error so far. */
    public String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Waits until standard error holds a text. */
    void awaitLog(String text) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!log().contains(text)) {
            assertTrue(System.nanoTime() < end && process.isAlive(), () -> "never said '" + text + "'\n" + log());
            process.waitFor(20, TimeUnit.MILLISECONDS);
        }
    }

    Process process() {
        return process;
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        process.onExit().join();
    }

    private void readOutput() {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
            }
            lines.add(END);
        } catch (IOException e) {
            lines.add(END);
        }
    }
}
