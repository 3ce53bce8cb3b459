package io.tuskmq.node.mqtt;

import io.tuskmq.cluster.rules.SharedFilter;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.node.session.Authentication;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.rules.LaneVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Turns a client's packets after CONNECT into events, and checks their form. Lives with one connection: it knows its protocol version
 * and its topic aliases.
 */
final class PacketTranslator {
    private static final String[] NO_ALIASES = {};
    private static final byte[] NO_BYTES = {};

    private final PacketReader in;
    private final MqttOptions.Limits limits;
    private final boolean v5;

    /** Topics by alias, made at the first use of one. */
    private String[] aliases = NO_ALIASES;

    /** Publishers mostly repeat a topic: its bytes and the String made of them. */
    private byte[] lastTopicBytes = NO_BYTES;

    private String lastTopic = "";

    PacketTranslator(PacketReader in, MqttOptions.Limits limits, boolean v5) {
        this.in = in;
        this.limits = limits;
        this.v5 = v5;
    }

    // --- PUBLISH

    Event.PublishReceived publish(int flags, long nowMillis) {
        int qos = (flags >> 1) & 3;
        boolean dup = (flags & 8) != 0;
        if (qos == 3) {
            throw BadPacket.malformed("PUBLISH with QoS 3"); // [MQTT-3.3.1-4] [MQTT5-3.3.1-4]
        }
        if (dup && qos == 0) {
            throw BadPacket.malformed("PUBLISH with QoS 0 and DUP"); // [MQTT-3.3.1-2] [MQTT5-3.3.1-2]
        }
        byte[] topicBytes = in.stringBytes();
        int packetId = qos == 0 ? 0 : in.packetId();
        Properties properties = v5 ? Properties.read(in, Properties.IN_PUBLISH) : Properties.NONE;
        if (properties.has(Properties.SUBSCRIPTION_ID)) {
            throw BadPacket.protocolError("subscription identifier from a client"); // [MQTT5-3.3.4-6]
        }
        String topic = topic(topicBytes, properties.topicAlias());
        byte[] payload = in.bytes(in.remaining());
        long expiresAtMillis =
                properties.has(Properties.MESSAGE_EXPIRY) ? nowMillis + properties.messageExpirySeconds() * 1_000 : 0;
        boolean retain = (flags & 1) != 0;
        return new Event.PublishReceived(
                packetId, new Message(topic, payload, qos, retain, properties.travelling(), expiresAtMillis, 0));
    }

    private String topic(byte[] bytes, int alias) {
        if (bytes.length == 0 && alias != 0) {
            return aliased(alias);
        }
        if (!Arrays.equals(bytes, lastTopicBytes) || bytes.length == 0) {
            String topic = in.decode(bytes, "topic name");
            TopicChecks.name(topic, "topic name");
            lastTopic = topic;
            lastTopicBytes = bytes;
        }
        if (alias != 0) {
            if (alias > limits.topicAliasMax()) {
                throw aliasInvalid(alias);
            }
            if (aliases.length == 0) {
                aliases = new String[limits.topicAliasMax() + 1];
                Arrays.fill(aliases, "");
            }
            aliases[alias] = lastTopic;
        }
        return lastTopic;
    }

    /** [MQTT5-3.3.2-9] [MQTT5-3.3.2-12] An alias lives with the connection and was told before it is used alone. */
    private String aliased(int alias) {
        if (alias > limits.topicAliasMax()) {
            throw aliasInvalid(alias);
        }
        if (alias >= aliases.length || aliases[alias].isEmpty()) {
            throw BadPacket.protocolError("topic alias " + alias + " was never set");
        }
        return aliases[alias];
    }

    private static BadPacket aliasInvalid(int alias) {
        return BadPacket.of(ReasonCodes.TOPIC_ALIAS_INVALID, "topic alias " + alias + " is above the maximum");
    }

    /** A well-formed topic that clients may not publish to: {@code $SYS} and its like are the broker's, depth and length are bounded. */
    boolean refusesTopic(String topic) {
        return topic.charAt(0) == '$' || TopicChecks.exceeds(topic, limits.topicLevelsMax());
    }

    // --- acknowledgements

    Event.PubAckReceived pubAck() {
        int id = in.packetId();
        return new Event.PubAckReceived(id, ackReason(true));
    }

    Event.PubRecReceived pubRec() {
        int id = in.packetId();
        return new Event.PubRecReceived(id, ackReason(true));
    }

    Event.PubRelReceived pubRel() {
        int id = in.packetId();
        ackReason(false);
        return new Event.PubRelReceived(id);
    }

    Event.PubCompReceived pubComp() {
        int id = in.packetId();
        return new Event.PubCompReceived(id, ackReason(false));
    }

    /** The reason code and properties that MQTT 5 may leave out. */
    private int ackReason(boolean answersPublish) {
        if (!v5 || in.remaining() == 0) {
            in.expectEnd();
            return ReasonCodes.SUCCESS;
        }
        int reason = in.u8();
        boolean known = answersPublish
                ? switch (reason) {
                    case 0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99 -> true;
                    default -> false;
                }
                : reason == 0x00 || reason == 0x92;
        if (!known) {
            // [MQTT5-3.4.2-1] [MQTT5-3.5.2-1] [MQTT5-3.6.2-1] [MQTT5-3.7.2-1]
            throw BadPacket.malformed("unknown reason code " + reason);
        }
        if (in.remaining() > 0) {
            Properties.read(in, Properties.IN_ACK);
        }
        in.expectEnd();
        return reason;
    }

    // --- SUBSCRIBE, UNSUBSCRIBE

    Event.SubscribeReceived subscribe() {
        int packetId = in.packetId();
        Properties properties = v5 ? Properties.read(in, Properties.IN_SUBSCRIBE) : Properties.NONE;
        if (in.remaining() == 0) {
            throw BadPacket.protocolError("SUBSCRIBE without topic filters"); // [MQTT-3.8.3-3] [MQTT5-3.8.3-2]
        }
        List<Subscription> subscriptions = new ArrayList<>();
        List<Integer> refused = new ArrayList<>();
        while (in.remaining() > 0) {
            String filter = in.string("topic filter");
            int options = in.u8();
            Subscription subscription = subscription(filter, options, properties.subscriptionId());
            subscriptions.add(subscription);
            boolean tooBig = filter.length() > TopicChecks.BYTES_MAX
                    || TopicChecks.exceeds(subscription.filter(), limits.topicLevelsMax());
            refused.add(tooBig ? ReasonCodes.TOPIC_FILTER_INVALID : ReasonCodes.SUCCESS);
        }
        return new Event.SubscribeReceived(packetId, subscriptions, refused);
    }

    private Subscription subscription(String filter, int options, int subscriptionId) {
        int qos = options & 3;
        int retainHandling = (options >> 4) & 3;
        if (qos == 3) {
            throw BadPacket.malformed("subscription with QoS 3"); // [MQTT-3.8.3-4] [MQTT5-3.8.3-5]
        }
        if ((options & (v5 ? 0xC0 : 0xFC)) != 0) {
            throw BadPacket.malformed("reserved bits of a subscription are set");
        }
        if (retainHandling == 3) {
            throw BadPacket.protocolError("retain handling 3");
        }
        boolean noLocal = (options & 4) != 0;
        Subscription key = key(filter);
        if (noLocal && key.shared()) {
            throw BadPacket.protocolError("no-local on a shared subscription"); // [MQTT5-3.8.3-4]
        }
        boolean retainAsPublished = (options & 8) != 0;
        return new Subscription(
                key.filter(),
                key.share(),
                qos,
                noLocal,
                retainAsPublished,
                retainHandling,
                subscriptionId,
                0,
                new LaneVector());
    }

    Event.UnsubscribeReceived unsubscribe() {
        int packetId = in.packetId();
        if (v5) {
            Properties.read(in, Properties.IN_UNSUBSCRIBE);
        }
        if (in.remaining() == 0) {
            throw BadPacket.protocolError("UNSUBSCRIBE without topic filters"); // [MQTT-3.10.3-2] [MQTT5-3.10.3-2]
        }
        List<Subscription> keys = new ArrayList<>();
        while (in.remaining() > 0) {
            keys.add(key(in.string("topic filter")));
        }
        return new Event.UnsubscribeReceived(packetId, keys);
    }

    /** Splits and checks {@code $share/group/filter}. MQTT 3 clients may use it too. */
    private static Subscription key(String filter) {
        if (SharedFilter.isShared(filter)) {
            SharedFilter shared = TopicChecks.shared(filter);
            return key(shared.filter(), shared.group());
        }
        TopicChecks.filter(filter);
        if (filter.equals("$share")) {
            throw BadPacket.malformed("topic filter: a shared subscription without a group");
        }
        return key(filter, "");
    }

    private static Subscription key(String filter, String share) {
        return new Subscription(filter, share, 0, false, false, 0, 0, 0, new LaneVector());
    }

    // --- AUTH

    /** @param reason one of the three that AUTH may have */
    record Auth(int reason, Authentication given) {}

    /** Of an MQTT 5 client. */
    Auth auth() {
        int reason = in.remaining() == 0 ? ReasonCodes.SUCCESS : in.u8();
        switch (reason) {
            case ReasonCodes.SUCCESS, ReasonCodes.CONTINUE_AUTHENTICATION, ReasonCodes.RE_AUTHENTICATE -> {}
            default -> throw BadPacket.malformed("unknown reason code " + reason); // [MQTT5-3.15.2-1]
        }
        Properties properties = in.remaining() > 0 ? Properties.read(in, Properties.IN_AUTH) : Properties.NONE;
        in.expectEnd();
        String method = properties.authMethod();
        if (method == null) {
            throw BadPacket.protocolError("AUTH without an authentication method"); // 3.15.2.2.2
        }
        return new Auth(reason, new Authentication(method, properties.authData()));
    }

    // --- DISCONNECT

    /** @param expirySeconds the new Session Expiry Interval, or -1 */
    record Disconnect(int reason, long expirySeconds) {}

    Disconnect disconnect() {
        if (!v5 || in.remaining() == 0) {
            in.expectEnd();
            return new Disconnect(ReasonCodes.SUCCESS, -1);
        }
        int reason = in.u8();
        boolean known = switch (reason) {
            case 0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99 -> true;
            default -> false;
        };
        if (!known) {
            throw BadPacket.malformed("unknown reason code " + reason); // [MQTT5-3.14.2-1]
        }
        Properties properties = in.remaining() > 0 ? Properties.read(in, Properties.IN_DISCONNECT) : Properties.NONE;
        in.expectEnd();
        boolean given = properties.has(Properties.SESSION_EXPIRY);
        return new Disconnect(reason, given ? properties.sessionExpirySeconds() : -1);
    }
}
