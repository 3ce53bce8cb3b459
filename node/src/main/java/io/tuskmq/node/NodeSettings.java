package io.tuskmq.node;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.NoCluster;
import io.tuskmq.cluster.hazelcast.HazelcastCluster;
import io.tuskmq.cluster.links.TcpLinks;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.mqtt.MqttOptions;
import io.tuskmq.node.rules.ConnectRules;
import io.tuskmq.node.rules.SessionLimits;
import io.tuskmq.node.session.LogQuota;
import io.tuskmq.node.session.Quotas;
import io.tuskmq.node.session.RetainedQuota;
import io.tuskmq.node.tls.TlsFiles;
import io.tuskmq.storage.PgStore;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The settings in the forms that the parts of a node take them. */
final class NodeSettings {
    private static final int CLIENT_ID_BYTES_MAX = 1_024;
    private static final int NO_CLUSTER = -1;
    private static final int MEMBER_HEARTBEAT_SECONDS = 1;
    private static final int MEMBER_SILENCE_SECONDS = 5;
    private static final long STORE_TIMEOUT_MILLIS = 5_000;

    private NodeSettings() {}

    static PgStore.Options store(Settings settings, long partitionMillis) {
        return new PgStore.Options(settings.get(Settings.DATABASE_POOL_SIZE), STORE_TIMEOUT_MILLIS, partitionMillis);
    }

    static long retentionMillis(Settings settings) {
        return TimeUnit.HOURS.toMillis(settings.get(Settings.LOG_RETENTION_HOURS));
    }

    /** How this node reaches others. */
    static Cluster cluster(EventLoops loops, Settings settings) {
        int port = switch (settings.get(Settings.CLUSTER_PORT)) {
            case ClusterPort.Off off -> NO_CLUSTER;
            case ClusterPort.Auto auto ->
                settings.get(Settings.DATABASE_URL).isPresent() ? ClusterPort.DEFAULT : NO_CLUSTER;
            case ClusterPort.Port(int number) -> number;
        };
        if (port == NO_CLUSTER) {
            return new NoCluster();
        }
        String host = settings.get(Settings.CLUSTER_HOST);
        int linkPort = settings.get(Settings.CLUSTER_LINK_PORT);
        var linkOptions = new TcpLinks.Options(
                host, linkPort, linkTls(settings), TcpLinks.Timing.DEFAULT, TcpLinks.Limits.DEFAULT);
        // The service's pods listen on the port that this node has.
        List<String> seeds = Stream.concat(
                        Arrays.stream(settings.get(Settings.CLUSTER_SEEDS).split(",", -1)),
                        Stream.of(settings.get(Settings.CLUSTER_KUBERNETES_SERVICE)))
                .map(String::trim)
                .filter(seed -> !seed.isEmpty())
                .toList();
        var options = new HazelcastCluster.Options(host, port, seeds, MEMBER_HEARTBEAT_SECONDS, MEMBER_SILENCE_SECONDS);
        return new HazelcastCluster(loops.clients(), new TcpLinks(loops.links(), linkOptions), options);
    }

    private static TcpLinks.@Nullable Tls linkTls(Settings settings) {
        return linkFiles(settings)
                .map(files -> new TcpLinks.Tls(
                        files.certificate().toString(), files.key().toString(), String.valueOf(files.ca())))
                .orElse(null);
    }

    /** All three, or none: the settings are checked. */
    static Optional<TlsFiles> linkFiles(Settings settings) {
        Optional<Path> cert = settings.get(Settings.CLUSTER_TLS_CERT);
        Optional<Path> key = settings.get(Settings.CLUSTER_TLS_KEY);
        Optional<Path> ca = settings.get(Settings.CLUSTER_TLS_CA);
        return cert.isPresent() && key.isPresent() && ca.isPresent()
                ? Optional.of(new TlsFiles(cert.get(), key.get(), ca.get(), null))
                : Optional.empty();
    }

    static long leaseMillis(Settings settings) {
        return TimeUnit.SECONDS.toMillis(settings.get(Settings.NODE_LEASE_SECONDS));
    }

    static ConnectRules.Limits connect(Settings settings) {
        return new ConnectRules.Limits(
                settings.get(Settings.SESSION_EXPIRY_MAX_SECONDS),
                settings.get(Settings.MQTT_KEEP_ALIVE_MAX_SECONDS),
                CLIENT_ID_BYTES_MAX);
    }

    static SessionLimits session(Settings settings) {
        SessionLimits limits = SessionLimits.DEFAULT;
        return new SessionLimits(
                settings.get(Settings.MQTT_RECEIVE_MAXIMUM),
                settings.get(LimitSettings.INFLIGHT_MAX),
                settings.get(Settings.SESSION_QUEUE_MAX_MESSAGES),
                settings.get(Settings.SESSION_QUEUE_MAX_BYTES),
                Math.min(limits.liveQueueMessagesMax(), settings.get(Settings.SESSION_QUEUE_MAX_MESSAGES)),
                Math.min(limits.liveQueueBytesMax(), settings.get(Settings.SESSION_QUEUE_MAX_BYTES)),
                limits.pageMessages(),
                limits.sendBytesMax(),
                limits.pendingSubscribesMax(),
                settings.get(LimitSettings.SUBSCRIPTIONS_MAX),
                limits.idleCheckpointMillis());
    }

    static Quotas quotas(Settings settings, Metrics metrics) {
        return new Quotas(
                new LogQuota(settings.get(Settings.LOG_QUOTA_BYTES), metrics),
                new RetainedQuota(
                        settings.get(LimitSettings.RETAINED_MESSAGES_MAX),
                        settings.get(LimitSettings.RETAINED_BYTES_MAX),
                        metrics));
    }

    static int backlogMessagesMax(Settings settings) {
        return settings.get(Settings.SESSION_BACKLOG_MAX_MESSAGES);
    }

    static MqttOptions mqtt(Settings settings) {
        MqttOptions.Limits limits = MqttOptions.Limits.DEFAULT;
        return new MqttOptions(
                settings.get(Settings.MQTT_HOST),
                new MqttOptions.Ports(
                        settings.get(Settings.MQTT_PORT),
                        port(settings.get(Settings.MQTT_WEBSOCKET_PORT)),
                        port(settings.get(Settings.MQTT_TLS_PORT)),
                        port(settings.get(EdgeSettings.MQTT_WEBSOCKET_TLS_PORT))),
                tls(settings),
                Runtime.getRuntime().availableProcessors(),
                new MqttOptions.Limits(
                        settings.get(Settings.MQTT_MAX_PACKET_BYTES),
                        EdgeSettings.frameBytesMax(settings),
                        (int) TimeUnit.SECONDS.toMillis(settings.get(Settings.MQTT_CONNECT_TIMEOUT_SECONDS)),
                        settings.get(Settings.MQTT_KEEP_ALIVE_MAX_SECONDS),
                        settings.get(Settings.MQTT_RECEIVE_MAXIMUM),
                        settings.get(Settings.MQTT_TOPIC_ALIAS_MAXIMUM),
                        settings.get(LimitSettings.TOPIC_LEVELS_MAX),
                        CLIENT_ID_BYTES_MAX,
                        limits.writeLowBytes(),
                        limits.writeHighBytes(),
                        limits.queuedBytesMax(),
                        limits.stalledMillisMax(),
                        new MqttOptions.Arrivals(
                                settings.get(LimitSettings.CONNECTIONS_MAX),
                                settings.get(LimitSettings.CONNECTIONS_PER_ADDRESS_MAX),
                                settings.get(LimitSettings.CONNECTS_PER_SECOND_MAX)),
                        new MqttOptions.PublishRate(
                                settings.get(LimitSettings.PUBLISHES_PER_SECOND_MAX),
                                settings.get(LimitSettings.PUBLISH_BYTES_PER_SECOND_MAX)),
                        settings.get(LimitSettings.REAUTHENTICATIONS_PER_MINUTE_MAX)),
                settings.get(EdgeSettings.MQTT_PROXY_FROM));
    }

    private static int port(OptionalInt port) {
        return port.orElse(MqttOptions.OFF);
    }

    private static MqttOptions.@Nullable Tls tls(Settings settings) {
        Optional<Path> certificate = settings.get(Settings.MQTT_TLS_CERT);
        Optional<Path> key = settings.get(Settings.MQTT_TLS_KEY);
        boolean used = settings.get(Settings.MQTT_TLS_PORT).isPresent()
                || settings.get(EdgeSettings.MQTT_WEBSOCKET_TLS_PORT).isPresent();
        return !used || certificate.isEmpty() || key.isEmpty()
                ? null
                : new MqttOptions.Tls(
                        new TlsFiles(
                                certificate.get(),
                                key.get(),
                                settings.get(AccessSettings.MQTT_TLS_CA).orElse(null),
                                settings.get(EdgeSettings.MQTT_TLS_CRL).orElse(null)),
                        settings.get(AccessSettings.MQTT_TLS_CLIENT_AUTH).equals("required"));
    }
}
