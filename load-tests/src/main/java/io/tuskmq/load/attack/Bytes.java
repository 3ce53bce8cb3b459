package io.tuskmq.load.attack;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Packets of MQTT and frames of WebSocket as plain bytes, right and wrong ones. */
final class Bytes {
    static final int CONNACK = 2;
    static final int PUBLISH = 3;
    static final int PUBACK = 4;
    static final int PUBREC = 5;
    static final int SUBACK = 9;
    static final int PINGRESP = 13;
    static final int DISCONNECT = 14;
    static final int QUOTA_EXCEEDED = 0x97;
    static final int TOPIC_NAME_INVALID = 0x90;
    static final int TOPIC_FILTER_INVALID = 0x8F;
    static final int RECEIVE_MAXIMUM_EXCEEDED = 0x93;
    static final byte[] PINGREQ = {(byte) 0xC0, 0};

    private static final int LENGTH_PER_BYTE = 128;

    private Bytes() {}

    static byte[] connect(int version, String clientId, int keepAliveSeconds) {
        return connect(version, clientId, keepAliveSeconds, "");
    }

    /**
     * Clean.
     *
     * @param willTopic of a will of QoS 1; empty: none
     */
    static byte[] connect(int version, String clientId, int keepAliveSeconds, String willTopic) {
        byte[] none = version == 5 ? new byte[] {0} : new byte[0];
        byte[] head = all(text("MQTT"), new byte[] {(byte) version, (byte) (willTopic.isEmpty() ? 2 : 0x0E)});
        byte[] will = willTopic.isEmpty() ? new byte[0] : all(none, text(willTopic), text("gone"));
        return packet(0x10, head, number(keepAliveSeconds), none, text(clientId), will);
    }

    static byte[] publish(int version, int flags, int packetId, String topic, byte[] payload) {
        byte[] id = packetId == 0 ? new byte[0] : number(packetId);
        return packet(0x30 | flags, text(topic), id, version == 5 ? new byte[] {0} : new byte[0], payload);
    }

    static byte[] subscribe(int version, int packetId, int qos, String... filters) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(number(packetId));
        if (version == 5) {
            body.write(0);
        }
        for (String filter : filters) {
            body.writeBytes(text(filter));
            body.write(qos);
        }
        return packet(0x82, body.toByteArray());
    }

    static byte[] packet(int first, byte[]... parts) {
        byte[] body = all(parts);
        ByteArrayOutputStream packet = new ByteArrayOutputStream(body.length + 5);
        packet.write(first);
        int left = body.length;
        do {
            int more = left / LENGTH_PER_BYTE;
            packet.write(left % LENGTH_PER_BYTE | (more > 0 ? LENGTH_PER_BYTE : 0));
            left = more;
        } while (left > 0);
        packet.writeBytes(body);
        return packet.toByteArray();
    }

    static byte[] text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return all(number(utf8.length), utf8);
    }

    static byte[] number(int value) {
        return new byte[] {(byte) (value >> 8), (byte) value};
    }

    static byte[] all(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    static byte[] upgrade() {
        return """
                GET /mqtt HTTP/1.1\r
                Host: localhost\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
                Sec-WebSocket-Version: 13\r
                Sec-WebSocket-Protocol: mqtt\r
                \r
                """.getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Masked with zeros.
     *
     * @param opcode 2 begins a binary message, 0 goes on with one; at most 125 bytes of payload
     */
    static byte[] frame(int opcode, boolean last, byte[] payload) {
        byte[] head = {(byte) (opcode | (last ? 0x80 : 0)), (byte) (0x80 | payload.length), 0, 0, 0, 0};
        return all(head, payload);
    }
}
