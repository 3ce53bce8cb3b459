package io.tuskmq.node.mqtt;

import io.tuskmq.node.rules.ReasonCodes;
import org.jspecify.annotations.Nullable;

/** The properties of one MQTT 5 packet from a client, checked for form (2.2.2): type, bounds, place and number. */
final class Properties {
    static final int PAYLOAD_FORMAT = 0x01;
    static final int MESSAGE_EXPIRY = 0x02;
    static final int CONTENT_TYPE = 0x03;
    static final int RESPONSE_TOPIC = 0x08;
    static final int CORRELATION_DATA = 0x09;
    static final int SUBSCRIPTION_ID = 0x0B;
    static final int SESSION_EXPIRY = 0x11;
    static final int ASSIGNED_CLIENT_ID = 0x12;
    static final int SERVER_KEEP_ALIVE = 0x13;
    static final int AUTH_METHOD = 0x15;
    static final int AUTH_DATA = 0x16;
    static final int REQUEST_PROBLEM_INFO = 0x17;
    static final int WILL_DELAY = 0x18;
    static final int REQUEST_RESPONSE_INFO = 0x19;
    static final int REASON_STRING = 0x1F;
    static final int RECEIVE_MAX = 0x21;
    static final int TOPIC_ALIAS_MAX = 0x22;
    static final int TOPIC_ALIAS = 0x23;
    static final int USER_PROPERTY = 0x26;
    static final int MAXIMUM_PACKET_SIZE = 0x27;

    /** Which properties a client may put where: bit n stands for identifier n. */
    static final long IN_CONNECT = bits(
            SESSION_EXPIRY,
            RECEIVE_MAX,
            MAXIMUM_PACKET_SIZE,
            TOPIC_ALIAS_MAX,
            REQUEST_RESPONSE_INFO,
            REQUEST_PROBLEM_INFO,
            USER_PROPERTY,
            AUTH_METHOD,
            AUTH_DATA);

    static final long IN_WILL = bits(
            WILL_DELAY, PAYLOAD_FORMAT, MESSAGE_EXPIRY, CONTENT_TYPE, RESPONSE_TOPIC, CORRELATION_DATA, USER_PROPERTY);
    static final long IN_PUBLISH = bits(
            PAYLOAD_FORMAT,
            MESSAGE_EXPIRY,
            TOPIC_ALIAS,
            RESPONSE_TOPIC,
            CORRELATION_DATA,
            USER_PROPERTY,
            SUBSCRIPTION_ID,
            CONTENT_TYPE);
    static final long IN_ACK = bits(REASON_STRING, USER_PROPERTY);
    static final long IN_SUBSCRIBE = bits(SUBSCRIPTION_ID, USER_PROPERTY);
    static final long IN_UNSUBSCRIBE = bits(USER_PROPERTY);
    static final long IN_DISCONNECT = bits(SESSION_EXPIRY, REASON_STRING, USER_PROPERTY);
    static final long IN_AUTH = bits(AUTH_METHOD, AUTH_DATA, REASON_STRING, USER_PROPERTY);

    /** They travel with the message, in the order they came ([MQTT5-3.3.2-18] for user properties). */
    private static final long TRAVELLING =
            bits(PAYLOAD_FORMAT, CONTENT_TYPE, RESPONSE_TOPIC, CORRELATION_DATA, USER_PROPERTY);

    private static final byte[] EMPTY = {};

    /** None given: what MQTT 3 packets have. */
    static final Properties NONE = new Properties();

    private long seen;
    private byte[] travelling = EMPTY;
    private long messageExpirySeconds;
    private long sessionExpirySeconds;
    private long willDelaySeconds;
    private long maximumPacketSize;
    private int receiveMax = 65_535;
    private int topicAliasMax;
    private int topicAlias;
    private int subscriptionId;
    private @Nullable String authMethod;
    private byte[] authData = EMPTY;

    private Properties() {}

    private static long bits(int... ids) {
        long bits = 0;
        for (int id : ids) {
            bits |= 1L << id;
        }
        return bits;
    }

    /** Reads the property length and the properties. */
    static Properties read(PacketReader in, long allowed) {
        int length = in.variableByteInteger();
        if (length == 0) {
            return NONE;
        }
        int outer = in.narrow(length);
        Properties properties = new Properties();
        int from = in.position();
        int to = from + length;
        byte[] kept = null;
        int keptBytes = 0;
        while (in.remaining() > 0) {
            int start = in.position();
            int id = properties.readOne(in, allowed);
            if ((TRAVELLING & (1L << id)) != 0) {
                kept = kept == null ? in.copy(from, to) : kept;
                int bytes = in.position() - start;
                System.arraycopy(kept, start - from, kept, keptBytes, bytes);
                keptBytes += bytes;
            }
        }
        in.widen(outer);
        if (kept != null) {
            properties.travelling = keptBytes == kept.length ? kept : java.util.Arrays.copyOf(kept, keptBytes);
        }
        return properties;
    }

    private int readOne(PacketReader in, long allowed) {
        int id = in.variableByteInteger();
        if (id > 63 || (allowed & (1L << id)) == 0) {
            // [MQTT5-2.2.2-1] unknown, or not of this packet: malformed
            throw BadPacket.malformed("property " + id + " does not belong here");
        }
        if ((seen & (1L << id)) != 0 && id != USER_PROPERTY) {
            throw BadPacket.protocolError("property " + id + " twice");
        }
        seen |= 1L << id;
        switch (id) {
            case PAYLOAD_FORMAT, REQUEST_PROBLEM_INFO, REQUEST_RESPONSE_INFO -> flag(in, id);
            case MESSAGE_EXPIRY -> messageExpirySeconds = in.u32();
            case SESSION_EXPIRY -> sessionExpirySeconds = in.u32();
            case WILL_DELAY -> willDelaySeconds = in.u32();
            case MAXIMUM_PACKET_SIZE -> maximumPacketSize = notZero(in.u32(), id);
            case RECEIVE_MAX -> receiveMax = (int) notZero(in.u16(), id);
            case TOPIC_ALIAS_MAX -> topicAliasMax = in.u16();
            case TOPIC_ALIAS -> topicAlias = topicAlias(in.u16());
            case SUBSCRIPTION_ID -> subscriptionId = (int) notZero(in.variableByteInteger(), id);
            case RESPONSE_TOPIC -> responseTopic(in.string("response topic"));
            case AUTH_METHOD -> authMethod = in.string("authentication method");
            case AUTH_DATA -> authData = in.binary();
            case CORRELATION_DATA -> in.binary();
            case USER_PROPERTY -> {
                in.string("user property");
                in.string("user property");
            }
            default -> in.string("property " + id); // content type, reason string
        }
        return id;
    }

    private static void flag(PacketReader in, int id) {
        if (in.u8() > 1) {
            throw BadPacket.protocolError("property " + id + " is neither 0 nor 1");
        }
    }

    private static long notZero(long value, int id) {
        if (value == 0) {
            throw BadPacket.protocolError("property " + id + " is 0");
        }
        return value;
    }

    private static int topicAlias(int alias) {
        if (alias == 0) {
            throw BadPacket.of(ReasonCodes.TOPIC_ALIAS_INVALID, "topic alias 0"); // [MQTT5-3.3.2-8]
        }
        return alias;
    }

    private static void responseTopic(String topic) {
        // [MQTT5-3.3.2-14] no wildcards in a response topic
        TopicChecks.name(topic, "response topic");
    }

    boolean has(int id) {
        return (seen & (1L << id)) != 0;
    }

    /** Wire form, without the length, of those that travel with the message. */
    byte[] travelling() {
        return travelling;
    }

    long messageExpirySeconds() {
        return messageExpirySeconds;
    }

    long sessionExpirySeconds() {
        return sessionExpirySeconds;
    }

    long willDelaySeconds() {
        return willDelaySeconds;
    }

    /** Bytes; 0 = not given. */
    long maximumPacketSize() {
        return maximumPacketSize;
    }

    int receiveMax() {
        return receiveMax;
    }

    int topicAliasMax() {
        return topicAliasMax;
    }

    /** 0 = not given. */
    int topicAlias() {
        return topicAlias;
    }

    /** 0 = not given. */
    int subscriptionId() {
        return subscriptionId;
    }

    @Nullable
    String authMethod() {
        return authMethod;
    }

    /** Empty also when not given. */
    byte[] authData() {
        return authData;
    }
}
