package io.tuskmq.node.mqtt;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.Authentication;
import java.util.List;

/**
 * Sends all packets but PUBLISH to one client: its version, its largest packet. Lives with the connection.
 *
 * <p>Each method returns false, and writes nothing, when the packet is larger than the client takes [MQTT5-3.1.2-24]; a reason string
 * that would make it so is left out [MQTT5-3.2.2-19] [MQTT5-3.14.2-3]. PUBACK and its like have only a reason code here.
 */
final class AnswerWriter {
    private final Outbox outbox;
    private final int version;
    private final boolean v5;
    private final long packetBytesMax;

    /**
     * @param version 0 = not known yet
     * @param packetBytesMax 0 = no limit
     */
    AnswerWriter(Outbox outbox, int version, long packetBytesMax) {
        this.outbox = outbox;
        this.version = version;
        this.v5 = version == 5;
        this.packetBytesMax = packetBytesMax == 0 ? Long.MAX_VALUE : packetBytesMax;
    }

    boolean connAck(PacketWriter.Welcome welcome) {
        int bytes = PacketWriter.connAckBytes(welcome, version);
        if (bytes > packetBytesMax) {
            return false;
        }
        PacketWriter.connAck(outbox.room(bytes), welcome, version);
        return true;
    }

    /** Whether a CONNECT that broke the protocol is answered before the end. */
    boolean hasConnAckFor(int reason) {
        return switch (reason) {
            case ReasonCodes.UNSUPPORTED_PROTOCOL_VERSION,
                    ReasonCodes.CLIENT_IDENTIFIER_NOT_VALID,
                    ReasonCodes.TOPIC_NAME_INVALID -> true;
            default -> v5;
        };
    }

    boolean refusal(int reason, String why) {
        if (!v5) {
            PacketWriter.connAckV3Refusal(outbox.room(4), ReasonCodes.connectReturnCode(reason));
            return true;
        }
        String said = PacketWriter.connAckV5RefusalBytes(why) > packetBytesMax ? "" : why;
        int bytes = PacketWriter.connAckV5RefusalBytes(said);
        if (bytes > packetBytesMax) {
            return false;
        }
        PacketWriter.connAckV5Refusal(outbox.room(bytes), ReasonCodes.ofConnAck(reason), said);
        return true;
    }

    /** Only MQTT 5 has words for it. */
    boolean disconnect(int reason, String why) {
        String said = PacketWriter.disconnectBytes(why) > packetBytesMax ? "" : why;
        int bytes = PacketWriter.disconnectBytes(said);
        if (!v5 || bytes > packetBytesMax) {
            return false;
        }
        PacketWriter.disconnect(outbox.room(bytes), reason, said);
        return true;
    }

    /** Only MQTT 5 has it. */
    boolean auth(int reason, Authentication given) {
        int bytes = PacketWriter.authBytes(given);
        if (bytes > packetBytesMax) {
            return false;
        }
        PacketWriter.auth(outbox.room(bytes), reason, given);
        return true;
    }

    /** PUBACK, PUBREC, PUBREL or PUBCOMP. */
    boolean ack(int type, int packetId, int reason) {
        int bytes = PacketWriter.ackBytes(reason, v5);
        if (bytes > packetBytesMax) {
            return false;
        }
        PacketWriter.ack(outbox.room(bytes), type, packetId, reason, v5);
        return true;
    }

    boolean subAck(Effect.SendSubAck p) {
        List<Integer> reasons = p.reasons();
        int bytes = PacketWriter.subAckBytes(reasons.size(), v5);
        if (bytes > packetBytesMax) {
            return false;
        }
        PacketWriter.subAck(outbox.room(bytes), p.packetId(), reasons, v5);
        return true;
    }

    boolean unsubAck(Effect.SendUnsubAck p) {
        List<Integer> reasons = p.reasons();
        int bytes = PacketWriter.unsubAckBytes(reasons.size(), v5);
        if (bytes > packetBytesMax) {
            return false;
        }
        PacketWriter.unsubAck(outbox.room(bytes), p.packetId(), reasons, v5);
        return true;
    }

    boolean pingResp() {
        if (packetBytesMax < 2) {
            return false;
        }
        PacketWriter.pingResp(outbox.room(2)); // [MQTT-3.12.4-1] [MQTT5-3.12.4-1]
        return true;
    }
}
