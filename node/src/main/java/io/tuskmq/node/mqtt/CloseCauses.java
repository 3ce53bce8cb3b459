package io.tuskmq.node.mqtt;

import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.ConnectionHandler.CloseCause;

/** What a connection that the broker closes with a reason code has died of, for its session. */
final class CloseCauses {
    private CloseCauses() {}

    /** What a DISCONNECT of the client with this reason is to the session. */
    static CloseCause ofDisconnect(int reason) {
        return switch (reason) {
            case ReasonCodes.SUCCESS -> CloseCause.NORMAL;
            case ReasonCodes.DISCONNECT_WITH_WILL -> CloseCause.NORMAL_WITH_WILL;
            default -> CloseCause.CLIENT_ERROR;
        };
    }

    /** What a close by the broker with this reason is to the session. */
    static CloseCause of(int reason) {
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
