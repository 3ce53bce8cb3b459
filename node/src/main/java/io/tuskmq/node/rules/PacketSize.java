package io.tuskmq.node.rules;

import io.tuskmq.storage.Message;
import java.util.List;

/** The size of a PUBLISH, compared with the largest packet that the client takes. */
final class PacketSize {
    private final boolean v5;
    private final long maximumPacketSize;

    PacketSize(SessionStart.Client client) {
        this.v5 = client.isV5();
        this.maximumPacketSize = client.maximumPacketSize();
    }

    /** [MQTT5-3.1.2-24] such a packet must not be sent; [MQTT5-3.1.2-25] it counts as sent. */
    boolean isTooLarge(Message message, List<Integer> subscriptionIds) {
        return maximumPacketSize > 0 && publishBytes(message, subscriptionIds) > maximumPacketSize;
    }

    private long publishBytes(Message message, List<Integer> subscriptionIds) {
        long properties = (long) message.properties().length + (message.expiresAtMillis() == 0 ? 0 : 5);
        for (int id : subscriptionIds) {
            properties += 1 + variableBytes(id);
        }
        long remaining = 2L + utf8Bytes(message.topic()) + 2 + message.payload().length;
        if (v5) {
            remaining += variableBytes(properties) + properties;
        }
        return 1 + variableBytes(remaining) + remaining;
    }

    private static int variableBytes(long n) {
        return n < 128 ? 1 : n < 16_384 ? 2 : n < 2_097_152 ? 3 : 4;
    }

    private static int utf8Bytes(String s) {
        int bytes = 0;
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
        }
        return bytes;
    }
}
