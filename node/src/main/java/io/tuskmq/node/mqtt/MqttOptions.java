package io.tuskmq.node.mqtt;

import io.tuskmq.node.auth.Network;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.node.tls.TlsFiles;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where and how the broker listens for MQTT clients.
 *
 * @param tls of the ports with TLS
 * @param eventLoops on how many event loops the connections are spread
 * @param proxies networks whose connections must begin with a header of the PROXY protocol
 */
public record MqttOptions(
        String host, Ports ports, @Nullable Tls tls, int eventLoops, Limits limits, List<Network> proxies) {
    public static final int OFF = -1;

    public MqttOptions {
        if (tls == null && (ports.tls() != OFF || ports.webSocketTls() != OFF)) {
            throw new IllegalArgumentException("a TLS port needs a certificate and a key");
        }
    }

    /**
     * Each 0 = any free one, {@link #OFF} = none.
     *
     * @param tcp of MQTT over TCP
     * @param webSocket of MQTT over WebSocket, path {@code /mqtt}
     * @param tls of MQTT over TLS
     * @param webSocketTls of MQTT over WebSocket over TLS
     */
    public record Ports(int tcp, int webSocket, int tls, int webSocketTls) {}

    /** MQTT over TCP only, with default limits. */
    public static MqttOptions tcp(String host, int port, int eventLoops) {
        return new MqttOptions(host, new Ports(port, OFF, OFF, OFF), null, eventLoops, Limits.DEFAULT, List.of());
    }

    public MqttOptions withLimits(Limits other) {
        return new MqttOptions(host, ports, tls, eventLoops, other, proxies);
    }

    public MqttOptions withProxies(List<Network> others) {
        return new MqttOptions(host, ports, tls, eventLoops, limits, others);
    }

    /** The PEM files, and whether clients have to show a certificate where there is a CA for them. */
    public record Tls(TlsFiles files, boolean clientMust) {}

    /**
     * What one client, and all of them together, may use (I9).
     *
     * @param packetBytesMax largest packet taken; told to MQTT 5 clients
     * @param frameBytesMax largest frame of a WebSocket
     * @param connectMillisMax from the TCP connection to a complete CONNECT, whatever trickles in meanwhile
     * @param keepAliveSecondsMax longest keep-alive granted (MQTT 5: Server Keep Alive); 0 = any, also none
     * @param receiveMax unacknowledged QoS 1 and 2 messages taken from an MQTT 5 client, told in CONNACK
     * @param topicAliasMax aliases per connection and direction
     * @param topicLevelsMax levels of a topic or filter
     * @param clientIdBytesMax UTF-8 bytes of a client identifier
     * @param writeLowBytes below it a connection is writable again
     * @param writeHighBytes above it a connection is not writable: QoS 0 is dropped, sessions stop sending
     * @param queuedBytesMax above it the client isn't served any more: its connection is cut
     * @param stalledMillisMax a connection that stays unwritable for longer is cut
     * @param arrivals which connections are let in
     * @param publishRate how fast one client may publish
     * @param reauthenticationsPerMinuteMax of one connection; one more ends it. 0 = no limit
     */
    public record Limits(
            int packetBytesMax,
            int frameBytesMax,
            int connectMillisMax,
            int keepAliveSecondsMax,
            int receiveMax,
            int topicAliasMax,
            int topicLevelsMax,
            int clientIdBytesMax,
            int writeLowBytes,
            int writeHighBytes,
            int queuedBytesMax,
            int stalledMillisMax,
            Arrivals arrivals,
            PublishRate publishRate,
            int reauthenticationsPerMinuteMax) {
        public static final Limits DEFAULT = new Limits(
                1 << 20,
                1 << 20,
                10_000,
                0,
                1_000,
                32,
                128,
                1_024,
                32 << 10,
                64 << 10,
                8 << 20,
                60_000,
                new Arrivals(1_000_000, 0, 0),
                new PublishRate(0, 0),
                10);

        /** What counts for a client: only one of MQTT 5 can be told of another keep-alive than its own. */
        int keepAliveSeconds(ConnectPacket client) {
            int asked = client.keepAliveSeconds();
            boolean lowered = client.isV5() && keepAliveSecondsMax > 0 && (asked == 0 || asked > keepAliveSecondsMax);
            return lowered ? keepAliveSecondsMax : asked;
        }

        public Limits withPacketBytesMax(int bytes) {
            return new Limits(
                    bytes,
                    frameBytesMax,
                    connectMillisMax,
                    keepAliveSecondsMax,
                    receiveMax,
                    topicAliasMax,
                    topicLevelsMax,
                    clientIdBytesMax,
                    writeLowBytes,
                    writeHighBytes,
                    queuedBytesMax,
                    stalledMillisMax,
                    arrivals,
                    publishRate,
                    reauthenticationsPerMinuteMax);
        }
    }

    /**
     * Which network connections are let in.
     *
     * @param connectionsMax of this node; more are closed at once
     * @param perAddressMax of one address; 0 = no limit
     * @param perSecondMax more wait for their turn; 0 = no limit
     */
    public record Arrivals(int connectionsMax, int perAddressMax, int perSecondMax) {}

    /**
     * How fast one client may publish; a faster one is read more slowly. 0 = no limit.
     *
     * @param bytesPerSecondMax of PUBLISH packets
     */
    public record PublishRate(int messagesPerSecondMax, int bytesPerSecondMax) {}
}
