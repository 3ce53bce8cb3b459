package io.tuskmq.node.process.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** A process that the tests have started, with a log that outlives it. It is ended by its id, at the latest with this process. */
public final class Program implements AutoCloseable {
    private static final Set<Program> RUNNING = ConcurrentHashMap.newKeySet();
    private static final int TAIL_LINES = 40;

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Program::killNine), "end-programs"));
    }

    private final Process process;
    private final Path log;

    private Program(Process process, Path log) {
        this.process = process;
        this.log = log;
        RUNNING.removeIf(ended -> !ended.isRunning());
        RUNNING.add(this);
    }

    /** How a process ended after SIGTERM. */
    public record Exit(int code, Duration after) {}

    /** @param log gets its standard output and its standard error */
    public static Program start(Path log, List<String> command) {
        try {
            Path directory = Files.createDirectories(Objects.requireNonNull(log.getParent()));
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
            // What the developer's shell says of another node or another PostgreSQL is not about these.
            builder.environment().keySet().removeIf(name -> name.startsWith("TUSKMQ_") || name.startsWith("PG"));
            builder.environment().put("LC_ALL", "C");
            Process process = builder.start();
            process.getOutputStream().close();
            return new Program(process, log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command to its end and returns what it printed; fails when it fails. */
    public static String run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output =
                    new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (process.onExit().join().exitValue() != 0) {
                throw new IllegalStateException(String.join(" ", command) + " failed: " + output.strip());
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a program of that name can be run here. */
    public static boolean exists(String name) {
        List<String> folders = new ArrayList<>(List.of("/usr/sbin", "/sbin"));
        folders.addAll(List.of(System.getenv().getOrDefault("PATH", "").split(":", -1)));
        return folders.stream().anyMatch(folder -> Files.isExecutable(Path.of(folder, name)));
    }

    public boolean isRunning() {
        return process.isAlive();
    }

    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** {@code kill -9}; returns when it has ended. */
    public void killNine() {
        process.destroyForcibly();
        process.onExit().join();
    }

    /** @param name without SIG */
    public void signal(String name) {
        run("kill", "-" + name, Long.toString(process.pid()));
    }

    /** Waits for the end, which must come. */
    public Exit awaitExit(Duration limit) {
        return exitWithin(limit)
                .orElseThrow(() -> new AssertionError("still running after " + limit.toMillis() + " ms\n" + tail()));
    }

    /** Waits for the end; empty when it is still running. */
    public Optional<Exit> exitWithin(Duration limit) {
        long start = System.nanoTime();
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                return Optional.empty();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
        return Optional.of(new Exit(process.exitValue(), Duration.ofNanos(System.nanoTime() - start)));
    }

    /** All that it has printed so far. */
    public String output() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The last lines of it. */
    public String tail() {
        List<String> lines = output().lines().toList();
        List<String> last = lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size());
        return "--- " + log + "\n" + String.join("\n", last) + "\n";
    }

    @Override
    public void close() {
        killNine();
    }
}
