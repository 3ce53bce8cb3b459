package io.tuskmq.node;

import static io.tuskmq.node.Setting.integer;
import static io.tuskmq.node.Setting.whole;

import java.util.List;

/** The settings that bound what clients may use, beyond those of a single packet. */
public final class LimitSettings {
    public static final Setting<Integer> CONNECTIONS_MAX = integer(
            "limits.connections",
            1_000_000,
            1,
            10_000_000,
            "Network connections that this node has at most; one more is closed at once.");

    public static final Setting<Integer> CONNECTIONS_PER_ADDRESS_MAX = integer(
            "limits.connections-per-address",
            0,
            0,
            10_000_000,
            "The same for one address of clients; 0: no limit. Behind a load balancer that is not in mqtt.proxy.from all have its address.");

    public static final Setting<Integer> CONNECTS_PER_SECOND_MAX = integer(
            "limits.connects-per-second",
            0,
            0,
            1_000_000,
            "New connections that this node greets in a second; more wait for their turn, up to half of mqtt.connect-timeout-seconds, then they are closed. 0: no limit.");

    public static final Setting<Integer> PUBLISHES_PER_SECOND_MAX = integer(
            "limits.publishes-per-second",
            0,
            0,
            1_000_000,
            "Messages that one client publishes in a second; a faster one is read more slowly. 0: no limit.");

    public static final Setting<Integer> PUBLISH_BYTES_PER_SECOND_MAX = integer(
            "limits.publish-bytes-per-second",
            0,
            0,
            Integer.MAX_VALUE,
            "The same in bytes of PUBLISH packets. 0: no limit.");

    public static final Setting<Integer> SUBSCRIPTIONS_MAX = integer(
            "limits.subscriptions",
            10_000,
            1,
            1_000_000,
            "Subscriptions that one session has at most; SUBACK refuses one more (MQTT 5: 0x97, MQTT 3: 0x80).");

    public static final Setting<Integer> TOPIC_LEVELS_MAX = integer(
            "limits.topic-levels",
            128,
            1,
            1_024,
            "Levels that a topic name or filter has at most (MQTT 5: 0x90, 0x8F).");

    public static final Setting<Integer> INFLIGHT_MAX = integer(
            "limits.inflight",
            1_000,
            1,
            65_535,
            "QoS 1 and 2 messages that a client has unacknowledged at most, besides its own Receive Maximum; more wait.");

    public static final Setting<Integer> CONNECTIONS_PER_PRINCIPAL_MAX = integer(
            "limits.connections-per-principal",
            0,
            0,
            10_000_000,
            "Clients that one principal (a user, a token's subject, a certificate's name) has connected to this node; CONNACK refuses one more (MQTT 5: 0x97, MQTT 3: 3). 0: no limit.");

    public static final Setting<Integer> REAUTHENTICATIONS_PER_MINUTE_MAX = integer(
            "limits.reauthentications-per-minute",
            10,
            0,
            100_000,
            "Re-authentications (AUTH 0x19 of MQTT 5) that one connection begins in a minute, also all at once; one more ends it (0x97). 0: no limit.");

    public static final Setting<Long> RETAINED_MESSAGES_MAX = whole(
            "limits.retained-messages",
            1_000_000,
            0,
            1_000_000_000,
            "Retained messages of the whole broker; above it what is to be retained is refused (MQTT 5: 0x97, MQTT 3: closed) or, with QoS 0 and as a will, not kept. 0: no limit.");

    public static final Setting<Long> RETAINED_BYTES_MAX = whole(
            "limits.retained-bytes",
            1_073_741_824,
            0,
            Long.MAX_VALUE,
            "The same for the bytes of their topics, payloads and properties. 0: no limit.");

    static final List<Setting<?>> ALL = List.of(
            CONNECTIONS_MAX,
            CONNECTIONS_PER_ADDRESS_MAX,
            CONNECTIONS_PER_PRINCIPAL_MAX,
            CONNECTS_PER_SECOND_MAX,
            PUBLISHES_PER_SECOND_MAX,
            PUBLISH_BYTES_PER_SECOND_MAX,
            SUBSCRIPTIONS_MAX,
            TOPIC_LEVELS_MAX,
            INFLIGHT_MAX,
            REAUTHENTICATIONS_PER_MINUTE_MAX,
            RETAINED_MESSAGES_MAX,
            RETAINED_BYTES_MAX);

    private LimitSettings() {}
}
