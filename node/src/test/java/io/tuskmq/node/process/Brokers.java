package io.tuskmq.node.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * The brokers of a test, or of a test class: all work in one directory, one after the other. After it no process is left; when a test
 * fails, what the brokers said is printed.
 */
final class Brokers implements AfterEachCallback, AfterAllCallback, TestExecutionExceptionHandler {
    private static final Duration DELETED = Duration.ofSeconds(10);

    private static final int READY_SECONDS = 120;
    /** A launcher that has to build first. */
    private static final int BUILT_AND_READY_SECONDS = 900;

    private final boolean perClass;
    private final List<BrokerProcess> started = new ArrayList<>();
    private List<String> javaOptions = List.of("-Xmx256m");
    private String[] options = {};
    private Path directory = Path.of("");

    private Brokers(boolean perClass) {
        this.perClass = perClass;
    }

    static Brokers perTest() {
        return new Brokers(false);
    }

    static Brokers perClass() {
        return new Brokers(true);
    }

    /** For all starts from now on. */
    Brokers javaOptions(String... given) {
        javaOptions = List.of(given);
        return this;
    }

    /** For all starts from now on: as on the command line. */
    Brokers options(String... given) {
        options = given;
        return this;
    }

    /** Starts a broker, on what an earlier one has left. */
    BrokerProcess start() {
        try {
            return add(BrokerProcess.start(directory(), javaOptions, options)).awaitReady(READY_SECONDS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same by the launcher. */
    BrokerProcess launch(Path launcher) {
        try {
            return add(BrokerProcess.launch(launcher, directory(), options)).awaitReady(BUILT_AND_READY_SECONDS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The one that was started last. */
    BrokerProcess current() {
        return started.getLast();
    }

    /** Where the next client connects. */
    int port() {
        return current().mqttPort();
    }

    private Path directory() throws IOException {
        if (started.isEmpty()) {
            directory = Files.createTempDirectory("tuskmq-process").toRealPath();
        }
        return directory;
    }

    private BrokerProcess add(BrokerProcess broker) {
        started.add(broker);
        return broker;
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        for (BrokerProcess broker : started) {
            System.err.println("--- a broker of the failed " + context.getDisplayName() + " said:\n" + broker.log());
        }
        throw failure;
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
        if (!perClass) {
            end();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) throws IOException {
        if (perClass) {
            end();
        }
    }

    private void end() throws IOException {
        if (started.isEmpty()) {
            return;
        }
        started.forEach(BrokerProcess::close);
        started.clear();
        long end = System.nanoTime() + DELETED.toNanos();
        while (true) {
            try {
                deleteAll();
                return;
            } catch (IOException | UncheckedIOException e) {
                // Processes of a PostgreSQL that was killed may still be writing their last.
                if (System.nanoTime() > end) {
                    throw e;
                }
            }
        }
    }

    private void deleteAll() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(directory)) {
            files = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }
}
