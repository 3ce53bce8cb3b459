package io.tuskmq.node.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.Authentication;
import io.tuskmq.storage.Message;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes packets to clients in the words of their protocol version. */
final class PacketWriter {
    private PacketWriter() {}

    static int lengthOfVariable(int value) {
        return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : 4;
    }

    static void variable(ByteBuf out, int value) {
        int rest = value;
        while (rest > 0x7F) {
            out.writeByte((rest & 0x7F) | 0x80);
            rest >>>= 7;
        }
        out.writeByte(rest);
    }

    /**
     * The size of a PUBLISH in parts, so that it is known before anything is written.
     *
     * @param topic empty when the alias says it all
     * @param alias 0 = none
     * @param expirySeconds what remains of it, or -1
     */
    record PublishPlan(
            boolean v5,
            byte[] topic,
            int alias,
            long expirySeconds,
            List<Integer> subscriptionIds,
            Message message,
            int qos) {
        int propertyBytes() {
            int bytes = message.properties().length + (alias != 0 ? 3 : 0) + (expirySeconds >= 0 ? 5 : 0);
            for (int id : subscriptionIds) {
                bytes += 1 + lengthOfVariable(id);
            }
            return bytes;
        }

        int remainingLength() {
            int bytes = 2 + topic.length + (qos > 0 ? 2 : 0) + message.payload().length;
            if (v5) {
                int properties = propertyBytes();
                bytes += lengthOfVariable(properties) + properties;
            }
            return bytes;
        }

        int packetBytes() {
            int remaining = remainingLength();
            return 1 + lengthOfVariable(remaining) + remaining;
        }
    }

    /** All but the payload. */
    static void publishHead(ByteBuf out, PublishPlan plan, int packetId, boolean dup, boolean retain) {
        out.writeByte((PacketType.PUBLISH << 4) | (dup ? 8 : 0) | (plan.qos << 1) | (retain ? 1 : 0));
        variable(out, plan.remainingLength());
        out.writeShort(plan.topic.length).writeBytes(plan.topic);
        if (plan.qos > 0) {
            out.writeShort(packetId);
        }
        if (!plan.v5) {
            return;
        }
        variable(out, plan.propertyBytes());
        if (plan.alias != 0) {
            out.writeByte(Properties.TOPIC_ALIAS).writeShort(plan.alias);
        }
        if (plan.expirySeconds >= 0) {
            out.writeByte(Properties.MESSAGE_EXPIRY).writeInt((int) plan.expirySeconds);
        }
        for (int id : plan.subscriptionIds) {
            out.writeByte(Properties.SUBSCRIPTION_ID);
            variable(out, id);
        }
        out.writeBytes(plan.message.properties());
    }

    static int ackBytes(int reason, boolean v5) {
        return v5 && reason != ReasonCodes.SUCCESS ? 5 : 4;
    }

    /** PUBACK, PUBREC, PUBREL or PUBCOMP. MQTT 5 may leave out a reason code of 0; MQTT 3 has none. */
    static void ack(ByteBuf out, int type, int packetId, int reason, boolean v5) {
        boolean withReason = v5 && reason != ReasonCodes.SUCCESS;
        int flags = type == PacketType.PUBREL ? 2 : 0; // [MQTT-3.6.1-1] [MQTT5-3.6.1-1]
        out.writeByte((type << 4) | flags).writeByte(withReason ? 3 : 2).writeShort(packetId);
        if (withReason) {
            out.writeByte(reason);
        }
    }

    static int subAckBytes(int reasons, boolean v5) {
        return packetBytes((v5 ? 3 : 2) + reasons);
    }

    /** [MQTT-3.9.3-2] MQTT 3 knows only 0x80 as failure. */
    static void subAck(ByteBuf out, int packetId, List<Integer> reasons, boolean v5) {
        out.writeByte(PacketType.SUBACK << 4);
        variable(out, (v5 ? 3 : 2) + reasons.size());
        out.writeShort(packetId);
        if (v5) {
            out.writeByte(0);
        }
        for (int reason : reasons) {
            out.writeByte(v5 || reason < 0x80 ? reason : 0x80);
        }
    }

    static int unsubAckBytes(int reasons, boolean v5) {
        return packetBytes(v5 ? 3 + reasons : 2);
    }

    /** MQTT 3 has no reasons here. */
    static void unsubAck(ByteBuf out, int packetId, List<Integer> reasons, boolean v5) {
        out.writeByte(PacketType.UNSUBACK << 4);
        variable(out, v5 ? 3 + reasons.size() : 2);
        out.writeShort(packetId);
        if (v5) {
            out.writeByte(0);
            for (int reason : reasons) {
                out.writeByte(reason);
            }
        }
    }

    static void pingResp(ByteBuf out) {
        out.writeShort(PacketType.PINGRESP << 12);
    }

    /**
     * What a successful CONNACK tells an MQTT 5 client.
     *
     * @param assignedClientId empty = none
     * @param expirySeconds -1 = as asked for
     * @param keepAliveSeconds -1 = as asked for
     * @param proof of a method that the CONNECT named; else null
     */
    record Welcome(
            boolean sessionPresent,
            String assignedClientId,
            long expirySeconds,
            int keepAliveSeconds,
            @Nullable Authentication proof,
            MqttOptions.Limits limits) {
        int propertyBytes() {
            return 3
                    + 5
                    + 3
                    + (expirySeconds >= 0 ? 5 : 0)
                    + (assignedClientId.isEmpty() ? 0 : 3 + ByteBufUtil.utf8Bytes(assignedClientId))
                    + (keepAliveSeconds >= 0 ? 3 : 0)
                    + authenticationBytes(proof);
        }
    }

    static int connAckBytes(Welcome welcome, int version) {
        return version < 5 ? 4 : packetBytes(2 + withLength(welcome.propertyBytes()));
    }

    static void connAck(ByteBuf out, Welcome welcome, int version) {
        // MQTT 3.1 has no session-present flag: the byte is reserved there.
        int present = welcome.sessionPresent && version > 3 ? 1 : 0;
        out.writeByte(PacketType.CONNACK << 4);
        if (version < 5) {
            out.writeByte(2).writeByte(present).writeByte(0);
            return;
        }
        int bytes = welcome.propertyBytes();
        variable(out, 2 + withLength(bytes));
        out.writeByte(present).writeByte(0);
        variable(out, bytes);
        if (welcome.expirySeconds >= 0) {
            out.writeByte(Properties.SESSION_EXPIRY).writeInt((int) welcome.expirySeconds);
        }
        out.writeByte(Properties.RECEIVE_MAX).writeShort(welcome.limits.receiveMax());
        out.writeByte(Properties.MAXIMUM_PACKET_SIZE).writeInt(welcome.limits.packetBytesMax());
        out.writeByte(Properties.TOPIC_ALIAS_MAX).writeShort(welcome.limits.topicAliasMax());
        if (!welcome.assignedClientId.isEmpty()) {
            string(out, Properties.ASSIGNED_CLIENT_ID, welcome.assignedClientId); // [MQTT5-3.2.2-16]
        }
        if (welcome.keepAliveSeconds >= 0) {
            out.writeByte(Properties.SERVER_KEEP_ALIVE).writeShort(welcome.keepAliveSeconds); // [MQTT5-3.2.2-21]
        }
        authentication(out, welcome.proof); // [MQTT5-4.12.0-5]
    }

    private static int authenticationBytes(@Nullable Authentication given) {
        if (given == null) {
            return 0;
        }
        int data = given.data().length;
        return 3 + ByteBufUtil.utf8Bytes(given.method()) + (data > 0 ? 3 + data : 0);
    }

    private static void authentication(ByteBuf out, @Nullable Authentication given) {
        if (given == null) {
            return;
        }
        string(out, Properties.AUTH_METHOD, given.method());
        if (given.data().length > 0) {
            out.writeByte(Properties.AUTH_DATA).writeShort(given.data().length).writeBytes(given.data());
        }
    }

    static int authBytes(Authentication given) {
        return packetBytes(1 + withLength(authenticationBytes(given)));
    }

    /** Without a reason string or user properties, which could make it too large [MQTT5-3.15.2-2] [MQTT5-3.15.2-3]. */
    static void auth(ByteBuf out, int reason, Authentication given) {
        int bytes = authenticationBytes(given);
        out.writeByte(PacketType.AUTH << 4);
        variable(out, 1 + withLength(bytes));
        out.writeByte(reason);
        variable(out, bytes);
        authentication(out, given);
    }

    /** [MQTT-3.2.2-4] [MQTT5-3.2.2-6] Session present is 0 in a refusal. */
    static void connAckV3Refusal(ByteBuf out, int code) {
        out.writeByte(PacketType.CONNACK << 4).writeByte(2).writeByte(0).writeByte(code);
    }

    static int connAckV5RefusalBytes(String why) {
        return packetBytes(2 + withLength(reasonStringBytes(why)));
    }

    static void connAckV5Refusal(ByteBuf out, int reason, String why) {
        int bytes = reasonStringBytes(why);
        out.writeByte(PacketType.CONNACK << 4);
        variable(out, 2 + withLength(bytes));
        out.writeByte(0).writeByte(reason);
        reasonString(out, why, bytes);
    }

    static int disconnectBytes(String why) {
        return packetBytes(1 + withLength(reasonStringBytes(why)));
    }

    static void disconnect(ByteBuf out, int reason, String why) {
        int bytes = reasonStringBytes(why);
        out.writeByte(PacketType.DISCONNECT << 4);
        variable(out, 1 + withLength(bytes));
        out.writeByte(reason);
        reasonString(out, why, bytes);
    }

    private static int packetBytes(int remainingLength) {
        return 1 + withLength(remainingLength);
    }

    /** Bytes, and the variable byte integer before them that counts them. */
    private static int withLength(int bytes) {
        return lengthOfVariable(bytes) + bytes;
    }

    private static int reasonStringBytes(String why) {
        return why.isEmpty() ? 0 : 3 + ByteBufUtil.utf8Bytes(why);
    }

    private static void reasonString(ByteBuf out, String why, int bytes) {
        variable(out, bytes);
        if (bytes > 0) {
            string(out, Properties.REASON_STRING, why);
        }
    }

    private static void string(ByteBuf out, int property, String value) {
        out.writeByte(property).writeShort(ByteBufUtil.utf8Bytes(value));
        ByteBufUtil.writeUtf8(out, value);
    }
}
