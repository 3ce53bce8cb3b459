package io.tuskmq.node.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Which processes belong to a data directory. PostgreSQL's processes have it as their working directory; that tells a postmaster from a
 * stranger that was given the same process id after a restart of the machine or container.
 */
final class Postmaster {
    private static final Path PROC = Path.of("/proc");

    private Postmaster() {}

    static Path pidFile(Path data) {
        return data.resolve("postmaster.pid");
    }

    /** The process that {@code postmaster.pid} names, if it is alive, whoever it is. */
    static Optional<ProcessHandle> named(Path data) throws IOException {
        if (!Files.exists(pidFile(data))) {
            return Optional.empty();
        }
        List<String> lines = Files.readAllLines(pidFile(data));
        try {
            return lines.isEmpty()
                    ? Optional.empty()
                    : ProcessHandle.of(Long.parseLong(lines.getFirst().strip())).filter(ProcessHandle::isAlive);
        } catch (NumberFormatException e) {
            throw new EmbeddedDatabaseException(pidFile(data) + " is damaged: its first line is not a process id.", e);
        }
    }

    /** Whether it is a PostgreSQL process that works in this data directory. */
    static boolean worksIn(ProcessHandle process, Path data) {
        Path entry = PROC.resolve(Long.toString(process.pid()));
        try {
            return Files.readSymbolicLink(entry.resolve("cwd")).equals(data.toRealPath())
                    && Files.readSymbolicLink(entry.resolve("exe"))
                            .getFileName()
                            .toString()
                            .startsWith("postgres");
        } catch (IOException _) {
            return false; // it has just ended, or it is another user's: not ours in both cases
        }
    }

    /**
     * Waits until no process of PostgreSQL works in the directory any more; after the limit they are killed. Children of a killed postmaster
     * notice its death and end by themselves, mostly at once.
     */
    static void awaitNone(Path data, Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        for (ProcessHandle child : workingIn(data)) {
            if (!ended(child, Math.max(0, end - System.nanoTime()))) {
                child.destroyForcibly();
                ended(child, limit.toNanos());
            }
        }
    }

    static List<ProcessHandle> workingIn(Path data) {
        return ProcessHandle.allProcesses().filter(p -> worksIn(p, data)).toList();
    }

    private static boolean ended(ProcessHandle process, long nanos) {
        try {
            process.onExit().get(nanos, TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException _) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EmbeddedDatabaseException("Interrupted while waiting for PostgreSQL to end.", e);
        }
    }
}
