package io.tuskmq.node.mqtt;

import io.tuskmq.node.session.ConnectionHandler.CloseCause;

/** MQTT 5 reason codes as the edge uses them, and what becomes of them for MQTT 3 clients. */
final class Reason {
    static final int SUCCESS = 0x00;
    static final int DISCONNECT_WITH_WILL = 0x04;
    static final int MALFORMED_PACKET = 0x81;
    static final int PROTOCOL_ERROR = 0x82;
    static final int IMPLEMENTATION_ERROR = 0x83;
    static final int UNSUPPORTED_VERSION = 0x84;
    static final int CLIENT_ID_NOT_VALID = 0x85;
    static final int BAD_USER_OR_PASSWORD = 0x86;
    static final int SERVER_UNAVAILABLE = 0x88;
    static final int SERVER_BUSY = 0x89;
    static final int SERVER_SHUTTING_DOWN = 0x8B;
    static final int BAD_AUTHENTICATION_METHOD = 0x8C;
    static final int KEEP_ALIVE_TIMEOUT = 0x8D;
    static final int SESSION_TAKEN_OVER = 0x8E;
    static final int TOPIC_FILTER_INVALID = 0x8F;
    static final int TOPIC_NAME_INVALID = 0x90;
    static final int RECEIVE_MAXIMUM_EXCEEDED = 0x93;
    static final int TOPIC_ALIAS_INVALID = 0x94;
    static final int PACKET_TOO_LARGE = 0x95;
    static final int QUOTA_EXCEEDED = 0x97;

    private Reason() {}

    /** The CONNACK return code of MQTT 3.1 and 3.1.1 (1 to 5) that says most of it. */
    static int toV3ConnAck(int reason) {
        return switch (reason) {
            case UNSUPPORTED_VERSION -> 1;
            case CLIENT_ID_NOT_VALID -> 2;
            case BAD_USER_OR_PASSWORD -> 4;
            case 0x87, 0x8A, BAD_AUTHENTICATION_METHOD, TOPIC_NAME_INVALID -> 5;
            default -> 3; // server unavailable: busy, quota, shutting down
        };
    }

    /** What a close by the broker with this reason is to the session. */
    static CloseCause causeOf(int reason) {
        return switch (reason) {
            case KEEP_ALIVE_TIMEOUT -> CloseCause.KEEP_ALIVE;
            case SESSION_TAKEN_OVER -> CloseCause.TAKEN_OVER;
            case SERVER_SHUTTING_DOWN -> CloseCause.SERVER_STOP;
            case MALFORMED_PACKET,
                    PROTOCOL_ERROR,
                    TOPIC_FILTER_INVALID,
                    TOPIC_NAME_INVALID,
                    RECEIVE_MAXIMUM_EXCEEDED,
                    TOPIC_ALIAS_INVALID,
                    PACKET_TOO_LARGE -> CloseCause.PROTOCOL_ERROR;
            default -> CloseCause.SERVER;
        };
    }
}
