package io.tuskmq.node.rules;

/** MQTT 5 reason codes (section 2.4). Inside the broker only these are used; the edge translates them for MQTT 3. */
public final class ReasonCodes {
    public static final int SUCCESS = 0x00;
    public static final int DISCONNECT_WITH_WILL = 0x04;
    public static final int NO_MATCHING_SUBSCRIBERS = 0x10;
    public static final int NO_SUBSCRIPTION_EXISTED = 0x11;
    public static final int CONTINUE_AUTHENTICATION = 0x18;
    public static final int RE_AUTHENTICATE = 0x19;
    public static final int UNSPECIFIED_ERROR = 0x80;
    public static final int MALFORMED_PACKET = 0x81;
    public static final int PROTOCOL_ERROR = 0x82;
    public static final int IMPLEMENTATION_ERROR = 0x83;
    public static final int UNSUPPORTED_PROTOCOL_VERSION = 0x84;
    public static final int CLIENT_IDENTIFIER_NOT_VALID = 0x85;
    public static final int BAD_USER_NAME_OR_PASSWORD = 0x86;
    public static final int NOT_AUTHORIZED = 0x87;
    public static final int SERVER_UNAVAILABLE = 0x88;
    public static final int SERVER_BUSY = 0x89;
    public static final int SERVER_SHUTTING_DOWN = 0x8B;
    public static final int BAD_AUTHENTICATION_METHOD = 0x8C;
    public static final int KEEP_ALIVE_TIMEOUT = 0x8D;
    public static final int SESSION_TAKEN_OVER = 0x8E;
    public static final int TOPIC_FILTER_INVALID = 0x8F;
    public static final int TOPIC_NAME_INVALID = 0x90;
    public static final int PACKET_IDENTIFIER_IN_USE = 0x91;
    public static final int PACKET_IDENTIFIER_NOT_FOUND = 0x92;
    public static final int RECEIVE_MAXIMUM_EXCEEDED = 0x93;
    public static final int TOPIC_ALIAS_INVALID = 0x94;
    public static final int PACKET_TOO_LARGE = 0x95;
    public static final int QUOTA_EXCEEDED = 0x97;
    public static final int USE_ANOTHER_SERVER = 0x9C;
    public static final int MAXIMUM_CONNECT_TIME = 0xA0;

    private ReasonCodes() {}

    /** Whether the code tells of a failure. */
    public static boolean isError(int reason) {
        return reason >= 0x80;
    }

    /**
     * [MQTT5-3.2.2-8] The reason itself, or what says the nearest among those that CONNACK may have: a connection may be ended while its
     * CONNECT is looked at.
     */
    public static int ofConnAck(int reason) {
        return switch (reason) {
            case SUCCESS,
                    UNSPECIFIED_ERROR,
                    MALFORMED_PACKET,
                    PROTOCOL_ERROR,
                    IMPLEMENTATION_ERROR,
                    UNSUPPORTED_PROTOCOL_VERSION,
                    CLIENT_IDENTIFIER_NOT_VALID,
                    BAD_USER_NAME_OR_PASSWORD,
                    NOT_AUTHORIZED,
                    SERVER_UNAVAILABLE,
                    SERVER_BUSY,
                    BAD_AUTHENTICATION_METHOD,
                    TOPIC_NAME_INVALID,
                    PACKET_TOO_LARGE,
                    QUOTA_EXCEEDED,
                    USE_ANOTHER_SERVER -> reason;
            case SERVER_SHUTTING_DOWN -> SERVER_UNAVAILABLE;
            default -> UNSPECIFIED_ERROR;
        };
    }

    /** The MQTT 3 CONNACK return code that says the same, or the nearest to it (3.1.1 table 3.1). */
    public static int connectReturnCode(int reason) {
        return switch (reason) {
            case SUCCESS -> 0;
            case UNSUPPORTED_PROTOCOL_VERSION -> 1;
            case CLIENT_IDENTIFIER_NOT_VALID -> 2;
            case BAD_USER_NAME_OR_PASSWORD -> 4;
            case NOT_AUTHORIZED, BAD_AUTHENTICATION_METHOD, TOPIC_NAME_INVALID -> 5;
            default -> 3;
        };
    }

    /** The MQTT 3.1.1 SUBACK return code: the granted QoS, or 0x80 for any failure. */
    public static int subAckReturnCode(int reason) {
        return isError(reason) ? 0x80 : reason;
    }
}
