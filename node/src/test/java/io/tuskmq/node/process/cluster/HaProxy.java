package io.tuskmq.node.process.cluster;

import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.RawMqtt;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Debian's HAProxy before the nodes, as an operator would set it up: connections in turn to the nodes whose page says ready; those of a
 * node that no longer says so are ended, so that their clients come back to another one.
 */
public final class HaProxy implements AutoCloseable {
    private static final String NAME = "haproxy";
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
    /** Columns of HAProxy's table of states. */
    private static final int SERVER = 1;

    private static final int STATUS = 17;

    private final Program program;
    private final int port;
    private final int pagePort;

    private HaProxy(Program program, int port, int pagePort) {
        this.program = program;
        this.port = port;
        this.pagePort = pagePort;
    }

    static boolean isInstalled() {
        return Program.exists(NAME);
    }

    /** Starts it before these nodes, whether they run or not. */
    static HaProxy start(Path directory, List<ClusterNode> nodes) {
        int port = Ports.free();
        int pagePort = Ports.free();
        Path configuration = directory.resolve("haproxy.cfg");
        try {
            Files.writeString(configuration, configuration(port, pagePort, nodes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Program program =
                Program.start(directory.resolve("haproxy.log"), List.of(NAME, "-db", "-f", configuration.toString()));
        HaProxy proxy = new HaProxy(program, port, pagePort);
        Await.until(
                "HAProxy answers",
                PATIENCE,
                () -> {
                    if (!program.isRunning()) {
                        throw new AssertionError("HAProxy has ended\n" + program.tail());
                    }
                    return !proxy.states().isEmpty();
                },
                program::tail);
        return proxy;
    }

    private static String configuration(int port, int pagePort, List<ClusterNode> nodes) {
        String servers = nodes.stream()
                .map(node -> "    server %s %s:%d check port %d%n"
                        .formatted(node.name(), node.host(), node.port(), node.httpPort()))
                .collect(Collectors.joining());
        return """
                global
                    maxconn 1000
                defaults
                    timeout connect 1s
                    timeout check 1s
                    timeout client 1h
                    timeout server 1h
                frontend mqtt
                    mode tcp
                    bind 127.0.0.1:%d
                    default_backend nodes
                backend nodes
                    mode tcp
                    balance roundrobin
                    option redispatch
                    option httpchk GET /health/ready
                    http-check expect status 200
                    default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
                %sfrontend page
                    mode http
                    bind 127.0.0.1:%d
                    stats enable
                    stats uri /
                """.formatted(port, servers, pagePort);
    }

    /** Of MQTT. */
    public int port() {
        return port;
    }

    /** A connection to whichever node's turn it is. */
    public RawClient open() throws IOException {
        return RawMqtt.open(port);
    }

    /** The names of the nodes that get connections. */
    public Set<String> up() {
        return states().stream()
                .filter(columns -> columns[STATUS].startsWith("UP"))
                .map(columns -> columns[SERVER])
                .collect(Collectors.toSet());
    }

    /** Waits until exactly these nodes get connections. */
    public void awaitUp(Set<String> names) {
        Await.until(
                "HAProxy sends to " + names,
                PATIENCE,
                () -> up().equals(names),
                () -> "but to " + up() + "\n" + program.tail());
    }

    private List<String[]> states() {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + pagePort + "/;csv"))
                .timeout(Duration.ofSeconds(2))
                .build();
        try {
            return HTTP.send(request, HttpResponse.BodyHandlers.ofString())
                    .body()
                    .lines()
                    .map(line -> line.split(",", -1))
                    .filter(columns ->
                            columns.length > STATUS && columns[0].equals("nodes") && !columns[SERVER].equals("BACKEND"))
                    .toList();
        } catch (IOException _) {
            return List.of(); // it is starting
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    public String tail() {
        return program.tail();
    }

    @Override
    public void close() {
        program.close();
    }
}
