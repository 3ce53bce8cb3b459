package io.tuskmq.node.process.cluster;

import io.tuskmq.node.Main;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.RawMqtt;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A node of the cluster: one name, one set of ports, one process at a time. */
public final class ClusterNode implements AutoCloseable {
    private static final Duration READY = Duration.ofSeconds(90);
    private static final Duration STOPPED = Duration.ofSeconds(60);
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(1))
            .version(HttpClient.Version.HTTP_1_1)
            .build();

    /** What Hazelcast wants to see of the JVM; as in the launcher. */
    private static final List<String> HAZELCAST = List.of(
            "--add-modules",
            "java.se",
            "--add-exports",
            "java.base/jdk.internal.ref=ALL-UNNAMED",
            "--add-opens",
            "java.base/java.lang=ALL-UNNAMED",
            "--add-opens",
            "java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-opens",
            "java.management/sun.management=ALL-UNNAMED",
            "--add-opens",
            "jdk.management/com.sun.management.internal=ALL-UNNAMED");

    private final Place place;
    private final Settings settings;
    private @Nullable Program program;
    private int starts;

    ClusterNode(Place place, Settings settings) {
        this.place = place;
        this.settings = settings;
    }

    /**
     * Where it runs.
     *
     * @param prefix words before its command: to run it in a network namespace
     */
    record Place(
            String name, String host, int mqttPort, int httpPort, int memberPort, int linkPort, List<String> prefix) {}

    /**
     * What all nodes of a cluster share.
     *
     * @param directory their logs
     */
    record Settings(Path directory, String databaseUrl, List<String> options) {}

    public String name() {
        return place.name();
    }

    public String host() {
        return place.host();
    }

    /** Of MQTT. */
    public int port() {
        return place.mqttPort();
    }

    public int httpPort() {
        return place.httpPort();
    }

    public int linkPort() {
        return place.linkPort();
    }

    /** A connection to this node, not by HAProxy. */
    public RawClient open() throws IOException {
        RawClient client = RawClient.connect(new InetSocketAddress(place.host(), place.mqttPort()));
        client.socket().setSoTimeout(RawMqtt.PATIENCE_MILLIS);
        return client;
    }

    /** Starts the process; {@link #awaitReady} waits for it. */
    public void start() {
        if (isRunning()) {
            throw new IllegalStateException(name() + " is running");
        }
        List<String> command = new ArrayList<>(place.prefix());
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(HAZELCAST);
        command.addAll(List.of(
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+ExitOnOutOfMemoryError",
                // Three of them share two cores with the load.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx256m"));
        command.addAll(viewOfTheJvm());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName(), "start"));
        option(command, "node.name", place.name());
        option(command, "database.url", settings.databaseUrl());
        option(command, "mqtt.host", place.host());
        option(command, "auth.anonymous", "true");
        option(command, "mqtt.port", place.mqttPort());
        option(command, "mqtt.websocket.port", "off");
        option(command, "http.host", place.host());
        option(command, "http.port", place.httpPort());
        option(command, "cluster.host", place.host());
        option(command, "cluster.port", place.memberPort());
        option(command, "cluster.link-port", place.linkPort());
        command.addAll(settings.options());
        starts++;
        program = Program.start(settings.directory().resolve(name() + "-" + starts + ".log"), command);
    }

    /** What Hazelcast wants to see of the JVM: as this one was started. */
    private static List<String> viewOfTheJvm() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-"))
                .toList();
    }

    private static void option(List<String> command, String key, Object value) {
        command.add("--" + key);
        command.add(value.toString());
    }

    /** Waits for the ready line of this process, and until its page says so. */
    public void awaitReady() {
        Program current = running();
        Await.until(
                name() + " is ready",
                READY,
                () -> {
                    if (!current.isRunning()) {
                        throw new AssertionError(name() + " has ended\n" + current.tail());
                    }
                    return isReady() && hasReadyLine(current);
                },
                current::tail);
    }

    private boolean hasReadyLine(Program current) {
        String line = "ready mqtt=" + host() + ":" + port() + " http=" + host() + ":" + httpPort() + " node=" + name();
        return current.output().lines().anyMatch(line::equals);
    }

    /** Whether the page that HAProxy asks says that it serves clients. */
    public boolean isReady() {
        return status("/health/ready").orElse(0) == 200;
    }

    /** The page says that it does not serve clients: that none comes in time is neither this nor that. */
    boolean saysNotReady() {
        return status("/health/ready").orElse(0) == 503;
    }

    private Optional<Integer> status(String path) {
        URI uri = URI.create("http://" + place.host() + ":" + place.httpPort() + path);
        HttpRequest request =
                HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(1)).build();
        try {
            return Optional.of(
                    HTTP.send(request, HttpResponse.BodyHandlers.discarding()).statusCode());
        } catch (IOException _) {
            return Optional.empty(); // down, paused or cut off
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    public boolean isRunning() {
        Program current = program;
        return current != null && current.isRunning();
    }

    public void killNine() {
        running().killNine();
    }

    /** SIGSTOP: its time stands still, its connections stay. */
    public void pause() {
        running().signal("STOP");
    }

    /** SIGCONT. */
    public void resume() {
        running().signal("CONT");
    }

    /** SIGTERM; returns at its end. */
    public Program.Exit terminate() {
        askToStop();
        return awaitExit();
    }

    /** SIGTERM. */
    public void askToStop() {
        running().signal("TERM");
    }

    public Program.Exit awaitExit() {
        return running().awaitExit(STOPPED);
    }

    /** Start under the same name and wait. */
    public void restart() {
        start();
        awaitReady();
    }

    /** How often it was started. */
    int starts() {
        return starts;
    }

    public String output() {
        return running().output();
    }

    public String tail() {
        return program == null ? "" : running().tail();
    }

    private Program running() {
        Program current = program;
        if (current == null) {
            throw new IllegalStateException(name() + " was never started");
        }
        return current;
    }

    @Override
    public void close() {
        if (program != null) {
            killNine();
        }
    }

    @Override
    public String toString() {
        return name();
    }
}
