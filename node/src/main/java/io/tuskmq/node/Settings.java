package io.tuskmq.node;

import static io.tuskmq.node.Setting.integer;
import static io.tuskmq.node.Setting.optionalPort;
import static io.tuskmq.node.Setting.path;
import static io.tuskmq.node.Setting.port;
import static io.tuskmq.node.Setting.string;
import static io.tuskmq.node.Setting.whole;

import io.tuskmq.migrations.DatabaseUrl;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/**
 * All settings of a node: the table, and the values of one start. Immutable. The table in the README is tested against this one.
 *
 * <p>Read one with {@code settings.get(Settings.MQTT_PORT)}.
 */
public final class Settings {
    private static final String ADDRESS = "a host name or an address";
    private static final String ADDRESS_PATTERN = "[A-Za-z0-9._:-]{1,255}";

    public static final Setting<String> NODE_NAME = string(
            "node.name",
            "tuskmq-1",
            "[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
            "1 to 63 letters, digits, '.', '_' or '-', the first a letter or digit",
            "Name of this node in logs, metrics and the ready line.");

    public static final Setting<Integer> NODE_LEASE_SECONDS = integer(
            "node.lease-seconds",
            10,
            2,
            300,
            "How long the database takes this node for alive after its last heartbeat, in seconds.");

    public static final Setting<Integer> NODE_STOP_SECONDS = integer(
            "node.stop-seconds",
            5,
            0,
            600,
            "Over how long a stop lets the clients go, in portions, when other nodes serve, in seconds; alone it lets them go at once.");

    public static final Setting<Optional<DatabaseUrl>> DATABASE_URL = new Setting<>(
            "database.url",
            "",
            "postgresql://user:password@host:port/database, or empty for the embedded PostgreSQL",
            "PostgreSQL (15 or later) that is the broker's memory; empty: an embedded one, for development and single machines.",
            text -> text.isEmpty() ? Optional.empty() : Optional.of(DatabaseUrl.parse(text)));

    public static final Setting<Optional<Path>> DATABASE_EMBEDDED_DIR = path(
            "database.embedded.dir",
            "",
            "a directory, or empty for `data` beside the launcher",
            "Where the embedded PostgreSQL keeps everything; it survives restarts. Back it up like a database: when stopped.");

    public static final Setting<Integer> DATABASE_POOL_SIZE = integer(
            "database.pool.size",
            8,
            2,
            256,
            "Database connections of this node for sessions and reads; each lane has one more of its own.");

    public static final Setting<Integer> DATABASE_START_TIMEOUT_SECONDS = integer(
            "database.start-timeout-seconds",
            60,
            0,
            86_400,
            "How long a start waits for a database that can't be reached, in seconds, before it gives up with exit code 3.");

    public static final Setting<String> MQTT_HOST = string(
            "mqtt.host",
            "127.0.0.1",
            ADDRESS_PATTERN,
            ADDRESS,
            "Address that MQTT listens on. 0.0.0.0 opens it to the network; then clients need credentials, unless auth.anonymous says otherwise.");

    public static final Setting<Integer> MQTT_PORT = port("mqtt.port", 1883, "Port of MQTT over TCP.");

    public static final Setting<OptionalInt> MQTT_WEBSOCKET_PORT =
            optionalPort("mqtt.websocket.port", "8083", "Port of MQTT over WebSocket, path /mqtt.");

    public static final Setting<OptionalInt> MQTT_TLS_PORT =
            optionalPort("mqtt.tls.port", "off", "Port of MQTT over TLS; needs mqtt.tls.cert and mqtt.tls.key.");

    public static final Setting<Optional<Path>> MQTT_TLS_CERT =
            path("mqtt.tls.cert", "", "a readable file", "Certificate chain of this server, PEM.");

    public static final Setting<Optional<Path>> MQTT_TLS_KEY =
            path("mqtt.tls.key", "", "a readable file", "Private key of the certificate, PEM (PKCS #8).");

    public static final Setting<Integer> MQTT_CONNECT_TIMEOUT_SECONDS = integer(
            "mqtt.connect-timeout-seconds",
            10,
            1,
            300,
            "How long a new connection may take to send its CONNECT, in seconds.");

    public static final Setting<Integer> MQTT_MAX_PACKET_BYTES = integer(
            "mqtt.max-packet-bytes",
            1_048_576,
            1_024,
            268_435_455,
            "Largest packet that a client may send; a larger one closes its connection (MQTT 5: reason 0x95).");

    public static final Setting<Integer> MQTT_RECEIVE_MAXIMUM = integer(
            "mqtt.receive-maximum",
            256,
            1,
            65_535,
            "QoS 1 and 2 messages that a client may have unacknowledged (told to MQTT 5 clients; from others the socket waits).");

    public static final Setting<Integer> MQTT_TOPIC_ALIAS_MAXIMUM =
            integer("mqtt.topic-alias-maximum", 32, 0, 65_535, "Topic aliases that an MQTT 5 client may use; 0: none.");

    public static final Setting<Integer> MQTT_KEEP_ALIVE_MAX_SECONDS = integer(
            "mqtt.keep-alive-max-seconds",
            0,
            0,
            65_535,
            "Longest keep-alive, in seconds: an MQTT 5 client that asks for more (or for none) is given this; 0: as asked.");

    public static final Setting<Integer> SESSION_QUEUE_MAX_MESSAGES = integer(
            "session.queue-max-messages",
            10_000,
            1,
            1_000_000,
            "Messages that wait in memory for one slow client; above it a stored session reads on from the log later, another one is closed (0x97).");

    public static final Setting<Integer> SESSION_QUEUE_MAX_BYTES = integer(
            "session.queue-max-bytes",
            4_194_304,
            4_096,
            1_073_741_824,
            "The same limit in bytes; whichever is reached first.");

    public static final Setting<Integer> SESSION_BACKLOG_MAX_MESSAGES = integer(
            "session.backlog-max-messages",
            0,
            0,
            100_000_000,
            "Messages that a returning client gets of those that waited in the log: the newest; older ones are dropped and counted. 0: all that the log still has.");

    public static final Setting<Long> SESSION_EXPIRY_MAX_SECONDS = whole(
            "session.expiry-max-seconds",
            0xFFFF_FFFFL,
            0,
            0xFFFF_FFFFL,
            "Longest life of a session without a connection, in seconds; 4294967295: for ever. MQTT 3 sessions with cleanSession=false get it.");

    public static final Setting<Integer> LOG_RETENTION_HOURS = integer(
            "log.retention-hours",
            168,
            1,
            87_600,
            "How long messages are kept for sessions that are away, in hours; what is dropped undelivered is counted.");

    public static final Setting<Long> LOG_QUOTA_BYTES = whole(
            "log.quota-bytes",
            0,
            0,
            1L << 50,
            "Size of the log on disk above which publishes that it would have to keep are refused (MQTT 5: 0x97), or not read (MQTT 3). 0: no limit.");

    public static final Setting<String> LOGGING_LEVEL = string(
            "logging.level",
            "INFO",
            "ERROR|WARN|INFO|DEBUG",
            "ERROR, WARN, INFO or DEBUG",
            "What the node writes to standard error. DEBUG tells of every connection.");

    public static final Setting<Integer> LOG_LANES = integer(
            "log.lanes",
            2,
            1,
            16,
            "Streams in which this node appends to the log; each has a database connection of its own.");

    public static final Setting<String> CLUSTER_HOST = string(
            "cluster.host",
            "127.0.0.1",
            ADDRESS_PATTERN,
            ADDRESS,
            "Address of this node for the other nodes: it listens there for them, and the database tells it to them.");

    public static final Setting<ClusterPort> CLUSTER_PORT = new Setting<>(
            "cluster.port",
            "auto",
            "a port, 0 (any free port), `auto`, or `off`",
            "Port of Hazelcast. auto: 5701 with database.url, off with the embedded database; off: this node is alone.",
            ClusterPort::parse);

    public static final Setting<Integer> CLUSTER_LINK_PORT = port(
            "cluster.link-port",
            0,
            "Port for the other nodes' links, which carry messages; the database tells it to them.");

    public static final Setting<String> CLUSTER_SEEDS = string(
            "cluster.seeds",
            "",
            "([A-Za-z0-9._-]{1,255}:[0-9]{1,5}(, ?[A-Za-z0-9._-]{1,255}:[0-9]{1,5})*)?",
            "host:port of other nodes' cluster.port, comma-separated",
            "Where to look for Hazelcast members, besides the nodes that the database knows.");

    public static final Setting<String> CLUSTER_KUBERNETES_SERVICE = string(
            "cluster.kubernetes.service",
            "",
            "([A-Za-z0-9.-]{1,255})?",
            "the DNS name of a headless service, or empty",
            "Service of Kubernetes with an address for each pod (headless): one more seed, with this node's own cluster.port.");

    public static final Setting<Optional<Path>> CLUSTER_TLS_CERT = path(
            "cluster.tls.cert",
            "",
            "a readable file",
            "Certificate chain of this node for links between nodes, PEM; empty: no TLS.");

    public static final Setting<Optional<Path>> CLUSTER_TLS_KEY =
            path("cluster.tls.key", "", "a readable file", "Private key of that certificate, PEM (PKCS #8).");

    public static final Setting<Optional<Path>> CLUSTER_TLS_CA = path(
            "cluster.tls.ca",
            "",
            "a readable file",
            "Certificates that the other nodes' certificates must be signed by, PEM.");

    public static final Setting<Integer> CLUSTER_JOIN_TIMEOUT_SECONDS = integer(
            "cluster.join-timeout-seconds",
            60,
            1,
            3_600,
            "How long a start waits for the links and routes of the nodes that are alive, in seconds, before it gives up with exit code 8.");

    public static final Setting<String> HTTP_HOST = string(
            "http.host", "127.0.0.1", ADDRESS_PATTERN, ADDRESS, "Address that health and metrics pages listen on.");

    public static final Setting<Integer> HTTP_PORT =
            port("http.port", 8080, "Port of /health/live, /health/ready and /metrics.");

    private static final List<Setting<?>> GENERAL = List.of(
            NODE_NAME,
            NODE_LEASE_SECONDS,
            NODE_STOP_SECONDS,
            DATABASE_URL,
            DATABASE_EMBEDDED_DIR,
            DATABASE_POOL_SIZE,
            DATABASE_START_TIMEOUT_SECONDS,
            MQTT_HOST,
            MQTT_PORT,
            MQTT_WEBSOCKET_PORT,
            MQTT_TLS_PORT,
            MQTT_TLS_CERT,
            MQTT_TLS_KEY,
            MQTT_CONNECT_TIMEOUT_SECONDS,
            MQTT_MAX_PACKET_BYTES,
            MQTT_RECEIVE_MAXIMUM,
            MQTT_TOPIC_ALIAS_MAXIMUM,
            MQTT_KEEP_ALIVE_MAX_SECONDS,
            SESSION_QUEUE_MAX_MESSAGES,
            SESSION_QUEUE_MAX_BYTES,
            SESSION_BACKLOG_MAX_MESSAGES,
            SESSION_EXPIRY_MAX_SECONDS,
            LOG_RETENTION_HOURS,
            LOG_QUOTA_BYTES,
            LOG_LANES,
            LOGGING_LEVEL,
            CLUSTER_HOST,
            CLUSTER_PORT,
            CLUSTER_LINK_PORT,
            CLUSTER_SEEDS,
            CLUSTER_KUBERNETES_SERVICE,
            CLUSTER_TLS_CERT,
            CLUSTER_TLS_KEY,
            CLUSTER_TLS_CA,
            CLUSTER_JOIN_TIMEOUT_SECONDS,
            HTTP_HOST,
            HTTP_PORT);

    /** The table, in the order of the README. */
    public static final List<Setting<?>> ALL = Stream.of(
                    GENERAL, TracingSettings.ALL, EdgeSettings.ALL, LimitSettings.ALL, AccessSettings.ALL)
            .<Setting<?>>flatMap(List::stream)
            .toList();

    private static final List<Setting<Optional<Path>>> LINK_TLS =
            List.of(CLUSTER_TLS_CERT, CLUSTER_TLS_KEY, CLUSTER_TLS_CA);

    private final Map<String, String> given;

    private Settings(Map<String, String> given) {
        this.given = given;
    }

    /**
     * Checks every value against the table.
     *
     * @param given the values that differ from the defaults, by key, in text
     * @throws SettingsException naming each key that is unknown or has a value out of bounds, and what is allowed
     */
    public static Settings of(Map<String, String> given) {
        Problems problems = new Problems();
        given.keySet().stream()
                .filter(key -> find(key).isEmpty())
                .forEach(key -> problems.add(key + ": there is no such setting" + Problems.suggestion(key)));
        for (Setting<?> setting : ALL) {
            String text = given.get(setting.key());
            if (text != null) {
                problems.check(setting, text);
            }
        }
        problems.orThrow();
        Settings settings = new Settings(new LinkedHashMap<>(given));
        settings.checkTogether(problems);
        problems.orThrow();
        return settings;
    }

    public <T> T get(Setting<T> setting) {
        return setting.parse(text(setting));
    }

    /** The value as text, given or by default. It may hold a password. */
    public String text(Setting<?> setting) {
        return given.getOrDefault(setting.key(), setting.byDefault());
    }

    public boolean isGiven(Setting<?> setting) {
        return given.containsKey(setting.key());
    }

    /** The keys that differ from the defaults. */
    Set<String> givenKeys() {
        return Collections.unmodifiableSet(given.keySet());
    }

    static Optional<Setting<?>> find(String key) {
        return ALL.stream().filter(s -> s.key().equals(key)).findFirst();
    }

    private void checkTogether(Problems problems) {
        AccessSettings.check(this, problems);
        for (Setting<OptionalInt> port : List.of(MQTT_TLS_PORT, EdgeSettings.MQTT_WEBSOCKET_TLS_PORT)) {
            if (get(port).isPresent()) {
                checkFile(MQTT_TLS_CERT, port, problems);
                checkFile(MQTT_TLS_KEY, port, problems);
            }
        }
        if (get(EdgeSettings.MQTT_TLS_CRL).isPresent()) {
            checkFile(EdgeSettings.MQTT_TLS_CRL, EdgeSettings.MQTT_TLS_CRL, problems);
            checkFile(AccessSettings.MQTT_TLS_CA, EdgeSettings.MQTT_TLS_CRL, problems);
        }
        for (Setting<Optional<Path>> one : LINK_TLS) {
            if (get(one).isPresent()) {
                LINK_TLS.forEach(file -> checkFile(file, one, problems));
                break;
            }
        }
    }

    private void checkFile(Setting<Optional<Path>> setting, Setting<?> with, Problems problems) {
        Optional<Path> file = get(setting);
        if (file.isEmpty()) {
            problems.add(setting.key() + ": is needed with " + with.key() + "; allowed: " + setting.allowed());
        } else if (!java.nio.file.Files.isReadable(file.get())) {
            problems.add(setting.key() + ": '" + file.get() + "' can't be read; allowed: " + setting.allowed());
        }
    }
}
