package io.tuskmq.node.mqtt;

import io.tuskmq.node.rules.ReasonCodes;

/** A packet that breaks the protocol: carries the MQTT 5 reason code and one sentence. The client's fault, so no stack trace. */
final class BadPacket extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int reason;

    private BadPacket(int reason, String why) {
        super(why, null, false, false);
        this.reason = reason;
    }

    /** Can't be parsed as the specification says. */
    static BadPacket malformed(String why) {
        return new BadPacket(ReasonCodes.MALFORMED_PACKET, why);
    }

    /** Parses, but must not be sent, or not now. */
    static BadPacket protocolError(String why) {
        return new BadPacket(ReasonCodes.PROTOCOL_ERROR, why);
    }

    static BadPacket of(int reason, String why) {
        return new BadPacket(reason, why);
    }

    int reason() {
        return reason;
    }

    String why() {
        String why = getMessage();
        return why == null ? "" : why;
    }
}
