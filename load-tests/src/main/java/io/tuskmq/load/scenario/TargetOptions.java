package io.tuskmq.load.scenario;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.tuskmq.load.client.Credentials;
import io.tuskmq.load.client.Network;
import io.tuskmq.load.client.Protocol;
import io.tuskmq.load.client.Target;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that say which broker is under load, and how clients connect to it. */
final class TargetOptions {
    @Option(
            names = {"-t", "--target"},
            split = ",",
            paramLabel = "HOST:PORT",
            defaultValue = "127.0.0.1:1883",
            description = "Nodes or load balancers; clients are dealt to them in turn. Default: ${DEFAULT-VALUE}")
    List<String> targets = List.of();

    @Option(
            names = "--start-tuskmq",
            description =
                    "Start ./tuskmq with an empty embedded database in a temporary directory, measure it, remove it.")
    boolean startTuskmq;

    @Option(
            names = "--nodes",
            defaultValue = "1",
            description =
                    "With --start-tuskmq: so many nodes on one database, each a target. From 2 on by ./tuskmq dev-cluster. Default: 1")
    int nodes = 1;

    @Option(names = "--protocol", defaultValue = "3.1.1", description = "3.1, 3.1.1 or 5. Default: ${DEFAULT-VALUE}")
    String protocol = "3.1.1";

    @Option(names = "--tls", description = "Connect with TLS.")
    boolean tls;

    @Option(
            names = "--cafile",
            paramLabel = "FILE",
            description = "Certificates (PEM) that the broker's is checked against.")
    @Nullable
    Path cafile;

    @Option(names = "--insecure", description = "Don't check the broker's certificate.")
    boolean insecure;

    @Option(
            names = "--websocket",
            arity = "0..1",
            fallbackValue = "/mqtt",
            paramLabel = "PATH",
            description = "MQTT over WebSocket; path ${FALLBACK-VALUE} when none is given.")
    @Nullable
    String webSocket;

    @Option(names = "--user", paramLabel = "NAME", description = "User name; {id} in it stands for the client id.")
    @Nullable
    String user;

    @Option(names = "--password", description = "Password.")
    @Nullable
    String password;

    @Option(names = "--keep-alive", defaultValue = "60", description = "Seconds, 0: none. Default: ${DEFAULT-VALUE}")
    int keepAliveSeconds;

    @Option(
            names = "--session-expiry",
            defaultValue = "86400",
            description = "Seconds that MQTT 5 sessions are kept. Default: ${DEFAULT-VALUE}")
    long sessionExpirySeconds;

    @Option(
            names = "--connect-timeout",
            defaultValue = "30",
            description = "Seconds until the connection is there, and again until CONNACK. Default: ${DEFAULT-VALUE}")
    int connectTimeoutSeconds;

    @Option(
            names = "--connecting-max",
            defaultValue = "64",
            description = "Clients that connect at the same time. Default: ${DEFAULT-VALUE}")
    int connectingMax;

    @Option(
            names = "--connect-retries",
            defaultValue = "0",
            description =
                    "How often a client connects again, a second after it could not; counted as connect_failed. Default: 0")
    int connectRetries;

    @Option(
            names = "--bind",
            split = ",",
            paramLabel = "ADDRESS",
            description = "Local addresses to connect from, in turn: one has only some 28,000 ports to one target.")
    List<String> bind = List.of();

    @Option(names = "--threads", defaultValue = "0", description = "Event loops. Default: 1, from 8 cores on 2.")
    int threads;

    List<Target> targets() {
        return targets.stream().map(Target::of).toList();
    }

    /** Throws IllegalArgumentException with a sentence. */
    void check() {
        var _ = targets();
        var _ = Protocol.of(protocol);
        between("--nodes", nodes, 1, 9);
        if (nodes > 1 && !startTuskmq) {
            throw new IllegalArgumentException("--nodes is for --start-tuskmq");
        }
        between("--keep-alive", keepAliveSeconds, 0, 65_535);
        between("--session-expiry", sessionExpirySeconds, 0, 0xFFFF_FFFFL);
        between("--connect-timeout", connectTimeoutSeconds, 1, 3_600);
        between("--connecting-max", connectingMax, 1, 65_535);
        between("--connect-retries", connectRetries, 0, 1_000);
        between("--threads", threads, 0, 64);
        if ((cafile != null || insecure) && !tls) {
            throw new IllegalArgumentException("--cafile and --insecure are for --tls");
        }
        if (cafile != null) {
            try {
                var _ = tlsContext();
            } catch (SSLException | IllegalArgumentException e) {
                throw new IllegalArgumentException("--cafile " + cafile + " has no certificates that can be read", e);
            }
        }
        if (password != null && user == null && Protocol.of(protocol) != Protocol.V5) {
            throw new IllegalArgumentException("--password needs --user before MQTT 5"); // [MQTT-3.1.2-22]
        }
    }

    static void between(String option, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(option + " is from " + min + " to " + max + ", not " + value);
        }
    }

    Network.Settings network(int inFlightMax) throws SSLException {
        Credentials credentials = new Credentials(
                Protocol.of(protocol),
                user,
                password,
                keepAliveSeconds,
                sessionExpirySeconds,
                connectTimeoutSeconds * 1_000);
        int loops = threads > 0 ? threads : Runtime.getRuntime().availableProcessors() < 8 ? 1 : 2;
        return new Network.Settings(credentials, tls ? tlsContext() : null, webSocket, bind, inFlightMax, loops);
    }

    private SslContext tlsContext() throws SSLException {
        SslContextBuilder builder = SslContextBuilder.forClient();
        if (insecure) {
            builder.trustManager(InsecureTrustManagerFactory.INSTANCE).endpointIdentificationAlgorithm(null);
        } else if (cafile != null) {
            builder.trustManager(cafile.toFile());
        }
        return builder.build();
    }
}
