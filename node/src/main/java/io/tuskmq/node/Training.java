package io.tuskmq.node;

import io.tuskmq.node.training.TrainingLoad;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A node that runs for Java to watch ({@code -XX:AOTCacheOutput}, docs/decisions/0014): with a database that is thrown away, on free ports,
 * under a short load.
 */
final class Training {
    private final Lifecycle lifecycle;
    private final Consumer<ExitCode> exit;

    Training(Lifecycle lifecycle, Consumer<ExitCode> exit) {
        this.lifecycle = lifecycle;
        this.exit = exit;
    }

    /**
     * Runs it; what it started is stopped with the lifecycle.
     *
     * @throws StartException when the node does not start or does not answer
     */
    void run() {
        try {
            Path directory = lifecycle.start(Training::newDirectory, Training::delete);
            Settings settings = settings(directory);
            Logs.level(settings.get(Settings.LOGGING_LEVEL));
            Startup startup = new Startup(settings, lifecycle, exit);
            startup.start();
            TrainingLoad.run(loopback(startup.mqttAddress()), TrainingLoad.VISITS_PER_WORKER);
        } catch (IOException e) {
            throw new StartException(ExitCode.FAILURE, "The training failed: " + e.getMessage(), e);
        }
    }

    /** Neither file nor environment: what is learned must not depend on them. Hazelcast runs too, alone, so that its start is learned. */
    private static Settings settings(Path directory) {
        return SettingsSource.read(
                List.of(
                        "--node.name=training",
                        "--database.embedded.dir=" + directory.resolve("database"),
                        "--mqtt.port=0",
                        "--mqtt.websocket.port=0",
                        "--http.port=0",
                        "--cluster.port=0",
                        "--logging.level=WARN"),
                Map.of());
    }

    private static InetSocketAddress loopback(String address) {
        int colon = address.lastIndexOf(':');
        return new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }

    private static Path newDirectory() {
        try {
            return Files.createTempDirectory("tuskmq-training").toRealPath();
        } catch (IOException e) {
            throw new StartException(ExitCode.FAILURE, "No directory for the training: " + e.getMessage(), e);
        }
    }

    private static void delete(Path directory) {
        try {
            Files.walkFileTree(directory, new Delete());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Deletes all that it visits. */
    private static final class Delete extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure) throws IOException {
            if (failure != null) {
                throw failure;
            }
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
        }
    }
}
