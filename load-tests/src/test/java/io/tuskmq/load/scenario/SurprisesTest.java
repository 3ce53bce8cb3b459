package io.tuskmq.load.scenario;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that are run within a load. */
class SurprisesTest {
    private static final long PATIENCE_NANOS = 20_000_000_000L;

    @Test
    void noneOutlivesTheLoad(@TempDir Path dir) throws IOException {
        Path ids = dir.resolve("ids");
        String command = "sh -c 'sleep 600 & echo $! >>" + ids + "; wait' & echo $! >>" + ids + "; wait";
        try (Surprises surprises = new Surprises(List.of(new Surprises.Planned(0, command)))) {
            surprises.atSeconds(0);
            await("the command runs", () -> lines(ids).size() == 2);
        }
        for (String id : Files.readAllLines(ids)) {
            await(id + " has ended", () -> hasEnded(id));
        }
    }

    /** Or nobody has fetched its exit code yet. */
    private static boolean hasEnded(String id) {
        return lines(Path.of("/proc", id, "status")).stream()
                .filter(line -> line.startsWith("State:"))
                .allMatch(line -> line.contains("Z"));
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of(); // not there
        }
    }

    private static void await(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - start < PATIENCE_NANOS, "not in time: " + what);
            LockSupport.parkNanos(20_000_000);
        }
    }
}
