package io.tuskmq.node;

import static io.tuskmq.node.Setting.integer;
import static io.tuskmq.node.Setting.optionalPort;
import static io.tuskmq.node.Setting.path;

import io.tuskmq.node.auth.Network;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The settings about the way from a client to this node: proxies before it, TLS and WebSocket beyond the ports. */
public final class EdgeSettings {
    public static final Setting<OptionalInt> MQTT_WEBSOCKET_TLS_PORT = optionalPort(
            "mqtt.websocket.tls.port",
            "off",
            "Port of MQTT over WebSocket over TLS (wss), path /mqtt; needs mqtt.tls.cert and mqtt.tls.key.");

    public static final Setting<Integer> MQTT_WEBSOCKET_MAX_FRAME_BYTES = integer(
            "mqtt.websocket.max-frame-bytes",
            0,
            0,
            268_435_455,
            "Largest frame of a WebSocket that a client may send; a larger one closes its connection. 0: 65536, or mqtt.max-packet-bytes if that is more.");

    public static final Setting<Optional<Path>> MQTT_TLS_CRL = path(
            "mqtt.tls.crl",
            "",
            "a readable file",
            "Revocation lists (CRL, PEM), one of each CA in mqtt.tls.ca and of those that these have signed; then a client's certificate is taken only when a list that has not expired leaves it out.");

    public static final Setting<List<Network>> MQTT_PROXY_FROM = new Setting<>(
            "mqtt.proxy.from",
            "",
            "addresses and networks, comma-separated",
            "Proxies whose connections must begin with a PROXY header (version 1 or 2), on all ports of MQTT; from all others a header is refused. Empty: none.",
            EdgeSettings::networks);

    static final List<Setting<?>> ALL =
            List.of(MQTT_WEBSOCKET_TLS_PORT, MQTT_WEBSOCKET_MAX_FRAME_BYTES, MQTT_TLS_CRL, MQTT_PROXY_FROM);

    private EdgeSettings() {}

    private static List<Network> networks(String text) {
        return text.isEmpty()
                ? List.of()
                : Arrays.stream(text.split(",", -1))
                        .map(String::strip)
                        .map(Network::parse)
                        .toList();
    }

    /** The largest frame of a WebSocket. */
    static int frameBytesMax(Settings settings) {
        int given = settings.get(MQTT_WEBSOCKET_MAX_FRAME_BYTES);
        return given > 0 ? given : Math.max(64 << 10, settings.get(Settings.MQTT_MAX_PACKET_BYTES));
    }
}
