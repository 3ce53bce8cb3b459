package io.tuskmq.node.mqtt;

import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.ConnectionHandler.CloseCause;

/** What MQTT 5 reason codes become for MQTT 3 clients, and for the session when the broker closes with them. */
final class ReasonTranslation {
    private ReasonTranslation() {}

    /** The CONNACK return code of MQTT 3.1 and 3.1.1 (1 to 5) that says most of it. */
    static int toV3ConnAck(int reason) {
        return switch (reason) {
            case ReasonCodes.UNSUPPORTED_PROTOCOL_VERSION -> 1;
            case ReasonCodes.CLIENT_IDENTIFIER_NOT_VALID -> 2;
            case ReasonCodes.BAD_USER_NAME_OR_PASSWORD -> 4;
            case ReasonCodes.NOT_AUTHORIZED,
                    0x8A,
                    ReasonCodes.BAD_AUTHENTICATION_METHOD,
                    ReasonCodes.TOPIC_NAME_INVALID -> 5;
            default -> 3; // server unavailable: busy, quota, shutting down
        };
    }

    /** What a close by the broker with this reason is to the session. */
    static CloseCause causeOf(int reason) {
        return switch (reason) {
            case ReasonCodes.KEEP_ALIVE_TIMEOUT -> CloseCause.KEEP_ALIVE;
            case ReasonCodes.SESSION_TAKEN_OVER -> CloseCause.TAKEN_OVER;
            case ReasonCodes.SERVER_SHUTTING_DOWN -> CloseCause.SERVER_STOP;
            case ReasonCodes.MALFORMED_PACKET,
                    ReasonCodes.PROTOCOL_ERROR,
                    ReasonCodes.TOPIC_FILTER_INVALID,
                    ReasonCodes.TOPIC_NAME_INVALID,
                    ReasonCodes.RECEIVE_MAXIMUM_EXCEEDED,
                    ReasonCodes.TOPIC_ALIAS_INVALID,
                    ReasonCodes.PACKET_TOO_LARGE -> CloseCause.PROTOCOL_ERROR;
            default -> CloseCause.SERVER;
        };
    }
}
