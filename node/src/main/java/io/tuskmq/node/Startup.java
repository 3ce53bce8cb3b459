package io.tuskmq.node;

import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.netty.channel.unix.Errors;
import io.tuskmq.cluster.Cluster;
import io.tuskmq.migrations.DatabaseUrl;
import io.tuskmq.migrations.Migrate;
import io.tuskmq.migrations.MigrationException;
import io.tuskmq.node.cluster.JoinException;
import io.tuskmq.node.embedded.EmbeddedDatabase;
import io.tuskmq.node.embedded.EmbeddedDatabaseException;
import io.tuskmq.node.http.HttpEndpoint;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.storage.StorageException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.net.SocketException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The way from settings to a node that accepts clients: pages, database, schema, node. Blocking; runs on the main thread. */
final class Startup {
    private static final Logger log = LoggerFactory.getLogger(Startup.class);
    private static final Duration PART_LIMIT = Duration.ofSeconds(60);
    private static final Duration NODE_STOP_LIMIT = Duration.ofSeconds(20);
    private static final int START_TRIES = 3;
    private static final Duration RETRY_PAUSE = Duration.ofSeconds(2);

    private final Settings settings;
    private final Lifecycle lifecycle;
    private final Consumer<ExitCode> exit;
    private final AtomicReference<@Nullable Node> running = new AtomicReference<>();
    private final AtomicReference<@Nullable ProcessMetrics> measured = new AtomicReference<>();

    /** @param exit stops all that was started and ends the process; called on a thread of its own */
    Startup(Settings settings, Lifecycle lifecycle, Consumer<ExitCode> exit) {
        this.settings = settings;
        this.lifecycle = lifecycle;
        this.exit = exit;
    }

    /**
     * Starts everything and returns the line that says so.
     *
     * @throws StartException with a sentence and an exit code
     */
    String start() {
        Metrics metrics = new Metrics();
        ProcessMetrics process = new ProcessMetrics(metrics, settings.get(Settings.NODE_NAME), this::isReady);
        measured.set(process);
        lifecycle.start(process::watchGarbageCollector, JvmGcMetrics::close);
        EventLoops loops = lifecycle.start(EventLoops::open, open -> await(open.close(), PART_LIMIT));
        process.watch(loops);
        HttpEndpoint http =
                lifecycle.start(() -> startHttp(loops.clients(), metrics), h -> await(h.stop(), PART_LIMIT));
        DatabaseUrl database = openDatabase();
        migrate(database);
        var around = new Node.Surroundings(loops, settings, database, metrics);
        lifecycle.start(() -> running, node -> stopNode());
        startPatiently(around);
        return readyLine(http);
    }

    /** Where the started node listens for MQTT: host and port. */
    String mqttAddress() {
        return Objects.requireNonNull(running.get(), "it was started").mqttAddress();
    }

    private String readyLine(HttpEndpoint http) {
        return "ready mqtt=" + mqttAddress() + " http=" + http.address() + " node=" + settings.get(Settings.NODE_NAME);
    }

    /**
     * A node that is taken for dead while it joins (its machine is slow, say) tries again; so does one whose database goes away between
     * the schema and the node, as long as it would have waited for it before.
     */
    private void startPatiently(Node.Surroundings around) {
        int limitSeconds = settings.get(Settings.DATABASE_START_TIMEOUT_SECONDS);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(limitSeconds);
        AtomicBoolean again = new AtomicBoolean();
        int fenced = 0;
        while (running.get() == null) {
            try {
                // A stop that comes between two tries waits for neither.
                lifecycle.between(() -> running.set(startNode(around, again.get())));
            } catch (StartException e) {
                again.set(wasTakenForDead(e));
                boolean isAway = e.exitCode() == ExitCode.DATABASE_UNREACHABLE && System.nanoTime() < end;
                if (!isAway && (!again.get() || ++fenced == START_TRIES)) {
                    throw e;
                }
                log.warn("{}; trying again", e.sentence());
                if (isAway) {
                    pause(RETRY_PAUSE.toMillis());
                }
            }
        }
    }

    private static boolean wasTakenForDead(StartException e) {
        return e.getCause() instanceof JoinException join && join.wasTakenForDead();
    }

    private void stopNode() {
        Node node = running.getAndSet(null);
        if (node != null) {
            Duration letting = Duration.ofSeconds(settings.get(Settings.NODE_STOP_SECONDS));
            await(node.stop(), NODE_STOP_LIMIT.plus(letting));
        }
    }

    /** The database of the settings; the embedded one is started. */
    DatabaseUrl openDatabase() {
        return settings.get(Settings.DATABASE_URL).orElseGet(() -> {
            Path directory = settings.get(Settings.DATABASE_EMBEDDED_DIR).orElseGet(Startup::defaultDirectory);
            return DatabaseUrl.parse(lifecycle
                    .start(() -> openEmbedded(directory), EmbeddedDatabase::close)
                    .url());
        });
    }

    /** What users and rules are kept in: of a node that runs with the embedded database, that one. */
    DatabaseUrl openDatabaseForCommand() {
        if (settings.get(Settings.DATABASE_URL).isPresent()) {
            return openDatabase();
        }
        Path directory = settings.get(Settings.DATABASE_EMBEDDED_DIR).orElseGet(Startup::defaultDirectory);
        return EmbeddedDatabase.urlOfRunning(directory).map(DatabaseUrl::parse).orElseGet(this::openDatabase);
    }

    /** The answer of the database to a command. */
    static <T> T answer(Future<T> future) {
        try {
            return await(future, PART_LIMIT);
        } catch (PartException e) {
            throw new StartException(ExitCode.DATABASE_UNREACHABLE, String.valueOf(e.getCause()), e);
        }
    }

    /** Brings the schema up to date; waits for a database that can't be reached yet. */
    Migrate.Result migrate(DatabaseUrl database) {
        int limitSeconds = settings.get(Settings.DATABASE_START_TIMEOUT_SECONDS);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(limitSeconds);
        while (true) {
            try {
                Migrate.Result result = Migrate.run(database);
                log.info("schema version={} applied={} database={}", result.version(), result.applied(), database);
                return result;
            } catch (MigrationException e) {
                switch (e.kind()) {
                    case NEWER_SCHEMA, FAILED ->
                        throw new StartException(ExitCode.DATABASE_REFUSED, database + ": " + e.getMessage(), e);
                    case UNREACHABLE -> {
                        long leftMillis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                        if (leftMillis <= 0) {
                            throw new StartException(
                                    ExitCode.DATABASE_UNREACHABLE,
                                    database + " could not be reached within " + limitSeconds
                                            + " s (database.start-timeout-seconds): " + e.getMessage(),
                                    e);
                        }
                        log.warn("{}: {}; trying again, {} s left", database, e.getMessage(), leftMillis / 1000);
                        pause(Math.min(leftMillis, RETRY_PAUSE.toMillis()));
                    }
                }
            }
        }
    }

    /** {@code data} beside the launcher, wherever it was called from: a start must find its memory again. */
    private static Path defaultDirectory() {
        return Path.of(System.getProperty("tuskmq.home", "")).resolve("data").toAbsolutePath();
    }

    private static EmbeddedDatabase openEmbedded(Path directory) {
        try {
            return EmbeddedDatabase.open(directory);
        } catch (EmbeddedDatabaseException e) {
            throw new StartException(ExitCode.EMBEDDED_DATABASE, String.valueOf(e.getMessage()), e);
        }
    }

    private HttpEndpoint startHttp(Vertx vertx, Metrics metrics) {
        String host = settings.get(Settings.HTTP_HOST);
        int port = settings.get(Settings.HTTP_PORT);
        try {
            return await(HttpEndpoint.start(vertx, host, port, metrics, this::isReady), PART_LIMIT);
        } catch (PartException e) {
            throw e.asStartException("http.host " + host + ", http.port " + port);
        }
    }

    private boolean isReady() {
        Node node = running.get();
        return node != null && node.ready();
    }

    private Node startNode(Node.Surroundings around, boolean again) {
        Cluster cluster = NodeSettings.cluster(around.loops(), settings);
        Duration joining = Duration.ofSeconds(settings.get(Settings.CLUSTER_JOIN_TIMEOUT_SECONDS));
        try {
            return await(Node.start(around, cluster, again, () -> leaseLost(around)), PART_LIMIT.plus(joining));
        } catch (PartException e) {
            throw e.asStartException("mqtt.host " + settings.get(Settings.MQTT_HOST) + ", mqtt.port "
                    + settings.get(Settings.MQTT_PORT) + ", mqtt.websocket.port "
                    + settings.text(Settings.MQTT_WEBSOCKET_PORT) + ", mqtt.tls.port "
                    + settings.text(Settings.MQTT_TLS_PORT) + " or mqtt.websocket.tls.port "
                    + settings.text(EdgeSettings.MQTT_WEBSOCKET_TLS_PORT));
        }
    }

    /** Another node took this one for dead: it has dropped its clients and comes back as a new incarnation. On an event loop. */
    private void leaseLost(Node.Surroundings around) {
        log.error("another node took this one for dead, or was started under its name");
        ProcessMetrics process = measured.get();
        if (process != null) {
            process.leaseLost();
        }
        Thread.ofPlatform().name("come-back").start(() -> comeBack(around));
    }

    private void comeBack(Node.Surroundings around) {
        try {
            lifecycle.between(() -> {
                try {
                    stopNode();
                } catch (PartException e) {
                    log.warn("the old incarnation did not stop cleanly: {}", e.getMessage());
                }
            });
            while (!startAgain(around)) {
                pause(RETRY_PAUSE.toMillis());
            }
            log.info("node={} is back", settings.get(Settings.NODE_NAME));
        } catch (Lifecycle.StoppingException _) {
            log.debug("stopping: this node does not come back");
        } catch (StartException e) {
            log.error("this node does not come back: {}", e.sentence());
            exit.accept(e.exitCode());
        }
    }

    private boolean startAgain(Node.Surroundings around) {
        AtomicBoolean started = new AtomicBoolean();
        lifecycle.between(() -> {
            try {
                running.set(startNode(around, true));
                started.set(true);
            } catch (StartException e) {
                if (e.exitCode() == ExitCode.LEASE_LOST) {
                    throw e;
                }
                log.warn("this node can't come back yet: {}", e.sentence());
            }
        });
        return started.get();
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartException(ExitCode.FAILURE, "Interrupted while waiting for the database.", e);
        }
    }

    /** A part failed to start or stop; the cause says why. */
    private static final class PartException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        PartException(Throwable cause) {
            super(cause.toString(), cause);
        }

        StartException asStartException(String address) {
            Throwable cause = getCause();
            if (cause instanceof StartException start) {
                return start;
            }
            if (cause instanceof JoinException) {
                return new StartException(ExitCode.JOIN, String.valueOf(cause.getMessage()), cause);
            }
            if (cause instanceof StorageException storage && storage.isPassing()) {
                return new StartException(
                        ExitCode.DATABASE_UNREACHABLE, "The database went away: " + cause.getMessage() + ".", cause);
            }
            // BindException, or what stands for it with native transport.
            if (cause instanceof SocketException
                    || cause instanceof Errors.NativeIoException
                    || cause instanceof UnresolvedAddressException
                    || cause instanceof java.net.UnknownHostException) {
                return new StartException(
                        ExitCode.ADDRESS, "Can't listen on " + address + ": " + cause.getMessage() + ".", cause);
            }
            return new StartException(ExitCode.FAILURE, "The start failed: " + cause, this);
        }
    }

    private static <T> T await(Future<T> future, Duration limit) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (java.util.concurrent.ExecutionException e) {
            throw new PartException(e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw new PartException(new TimeoutException("no answer within " + limit.toSeconds() + " s"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PartException(e);
        }
    }
}
