package io.tuskmq.node.mqtt;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.ssl.SslHandler;
import io.tuskmq.node.metrics.Metrics;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What happened at the listeners of one node; for metrics. Safe from any thread. */
public final class MqttCounters {
    static final int NOT_COUNTED = -1;

    /** Of protocol versions 3, 4 and 5. */
    private static final List<String> VERSIONS = List.of("3.1", "3.1.1", "5");

    private static final int FIRST_VERSION = 3;
    private static final List<Transport> TRANSPORTS = List.of(Transport.values());

    final AtomicInteger openConnections = new AtomicInteger();
    final LongAdder pacedPublishers = new LongAdder();
    final LongAdder badPackets = new LongAdder();
    final LongAdder tooLargeForClient = new LongAdder();
    final LongAdder refusedTopics = new LongAdder();
    final LongAdder cutOff = new LongAdder();
    final LongAdder refusedAgain = new LongAdder();
    final LongAdder ownFailures = new LongAdder();
    private final Map<Admission.Refusal, LongAdder> refused = new EnumMap<>(Admission.Refusal.class);

    /** Accepted connections that are open, by the index that {@link #accepted} returns. */
    private final AtomicInteger[] accepted = new AtomicInteger[VERSIONS.size() * TRANSPORTS.size()];

    /** How a client's bytes come. */
    enum Transport {
        TCP,
        TLS,
        WS,
        WSS;

        static Transport of(ChannelPipeline pipeline) {
            boolean tls = pipeline.get(SslHandler.class) != null;
            if (pipeline.get(WebSocketServerProtocolHandler.class) != null) {
                return tls ? WSS : WS;
            }
            return tls ? TLS : TCP;
        }
    }

    MqttCounters() {
        Arrays.setAll(accepted, index -> new AtomicInteger());
        for (Admission.Refusal why : Admission.Refusal.values()) {
            refused.put(why, new LongAdder());
        }
    }

    void refused(Admission.Refusal why) {
        LongAdder count = refused.get(why);
        if (count != null) {
            count.increment();
        }
    }

    /** A client has its CONNACK. Returns what {@link #left} wants to know when the connection ends. */
    int accepted(int version, Transport transport) {
        int index = (version - FIRST_VERSION) * TRANSPORTS.size() + TRANSPORTS.indexOf(transport);
        accepted[index].incrementAndGet();
        return index;
    }

    void left(int acceptedAs) {
        if (acceptedAs != NOT_COUNTED) {
            accepted[acceptedAs].decrementAndGet();
        }
    }

    /** Network connections open now, with or without a CONNECT. */
    public int openConnections() {
        return openConnections.get();
    }

    /** Closed at once because there were too many, or because the node is stopping. */
    public long refusedConnections() {
        return refused.values().stream().mapToLong(LongAdder::sum).sum();
    }

    /** How often a client that published too fast was not read for a while. */
    public long pacedPublishers() {
        return pacedPublishers.sum();
    }

    /** Makes all of them metrics. */
    public void register(Metrics metrics) {
        metrics.gauge(
                "tuskmq_network_connections",
                "Network connections that are open now, with or without a CONNECT.",
                this::openConnections);
        for (int i = 0; i < accepted.length; i++) {
            int transports = TRANSPORTS.size();
            String transport = TRANSPORTS.get(i % transports).name().toLowerCase(Locale.ROOT);
            metrics.gauge(
                    "tuskmq_connections",
                    "Accepted connections that are open now, by version of MQTT and transport.",
                    Map.of("version", VERSIONS.get(i / transports), "transport", transport),
                    accepted[i]::doubleValue);
        }
        refused.forEach((why, count) -> metrics.counted(
                "tuskmq_connections_refused_total",
                "Network connections that were closed at once, by reason.",
                Map.of("reason", why.name().toLowerCase(Locale.ROOT)),
                count::doubleValue));
        counted(
                metrics,
                "tuskmq_bad_packets_total",
                "Connections ended for a packet that broke the protocol.",
                badPackets);
        counted(
                metrics,
                "tuskmq_packets_too_large_total",
                "Packets not sent, since the client takes none so large.",
                tooLargeForClient);
        counted(
                metrics,
                "tuskmq_topics_refused_total",
                "PUBLISH packets to topics that are too deep, too long or the broker's own.",
                refusedTopics);
        counted(metrics, "tuskmq_connections_cut_total", "Connections cut, since the client did not read.", cutOff);
        counted(
                metrics,
                "tuskmq_publishers_paced_total",
                "How often a client that published too fast was not read for a while.",
                pacedPublishers);
        counted(
                metrics,
                "tuskmq_reauthentications_refused_total",
                "Connections ended because they re-authenticated too often.",
                refusedAgain);
        counted(
                metrics,
                "tuskmq_connections_failed_total",
                "Connections ended by a fault of the broker: to be 0.",
                ownFailures);
    }

    private static void counted(Metrics metrics, String name, String help, LongAdder count) {
        metrics.counted(name, help, Map.of(), count::doubleValue);
    }

    /** Connections ended for a packet that broke the protocol. */
    public long badPackets() {
        return badPackets.sum();
    }

    /** Packets not sent since they exceed what the client takes [MQTT5-3.1.2-24]. */
    public long tooLargeForClient() {
        return tooLargeForClient.sum();
    }

    /** PUBLISH packets from clients to topics that are the broker's own. */
    public long refusedTopics() {
        return refusedTopics.sum();
    }

    /** Connections ended since the broker itself failed: to be zero. */
    public long ownFailures() {
        return ownFailures.sum();
    }

    /** Connections cut since the client did not read. */
    public long cutOff() {
        return cutOff.sum();
    }
}
