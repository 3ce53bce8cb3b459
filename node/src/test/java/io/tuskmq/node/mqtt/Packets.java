package io.tuskmq.node.mqtt;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Packets for tests, built byte by byte: right ones, and with {@link #packet} and {@link #hex} any wrong one. */
public final class Packets {
    public static final byte[] PINGREQ = hex("c0 00");
    public static final byte[] DISCONNECT = hex("e0 00");

    private Packets() {}

    /** @param text hexadecimal digits; blanks don't count; {@code 'text'} stands for the characters themselves */
    public static byte[] hex(String text) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String[] parts = text.split("'", -1);
        for (int i = 0; i < parts.length; i++) {
            out.writeBytes(
                    i % 2 == 1
                            ? parts[i].getBytes(StandardCharsets.UTF_8)
                            : HexFormat.of().parseHex(parts[i].replace(" ", "")));
        }
        return out.toByteArray();
    }

    public static String hexOf(byte[] bytes) {
        return HexFormat.ofDelimiter(" ").formatHex(bytes);
    }

    public static byte[] concat(byte[]... parts) {
        return RawClient.concat(parts);
    }

    /** Fixed header with the right length, then the parts. */
    public static byte[] packet(int first, byte[]... parts) {
        byte[] body = RawClient.concat(parts);
        return RawClient.concat(new byte[] {(byte) first}, variable(body.length), body);
    }

    public static byte[] variable(int value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int rest = value;
        while (rest > 0x7F) {
            out.write((rest & 0x7F) | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
        return out.toByteArray();
    }

    public static byte[] u8(int value) {
        return new byte[] {(byte) value};
    }

    public static byte[] u16(int value) {
        return new byte[] {(byte) (value >> 8), (byte) value};
    }

    public static byte[] u32(long value) {
        return RawClient.concat(u16((int) (value >> 16)), u16((int) value));
    }

    public static byte[] string(String text) {
        return binary(text.getBytes(StandardCharsets.UTF_8));
    }

    public static byte[] binary(byte[] bytes) {
        return RawClient.concat(u16(bytes.length), bytes);
    }

    /** A property block: length, then the properties. */
    public static byte[] properties(byte[]... properties) {
        byte[] all = RawClient.concat(properties);
        return RawClient.concat(variable(all.length), all);
    }

    public static byte[] property(int id, byte[] value) {
        return RawClient.concat(u8(id), value);
    }

    public static byte[] userProperty(String name, String value) {
        return RawClient.concat(u8(0x26), string(name), string(value));
    }

    // --- CONNECT

    /** A clean MQTT 3.1.1 connection without keep-alive. */
    public static byte[] connect(String clientId) {
        return connect4(0x02, 0, string(clientId));
    }

    public static byte[] connect4(int flags, int keepAliveSeconds, byte[]... payload) {
        return packet(0x10, string("MQTT"), u8(4), u8(flags), u16(keepAliveSeconds), RawClient.concat(payload));
    }

    public static byte[] connect3(int flags, int keepAliveSeconds, byte[]... payload) {
        return packet(0x10, string("MQIsdp"), u8(3), u8(flags), u16(keepAliveSeconds), RawClient.concat(payload));
    }

    /** A clean-start MQTT 5 connection without keep-alive. */
    public static byte[] connectV5(String clientId, byte[]... properties) {
        return connect5(0x02, 0, properties(properties), string(clientId));
    }

    public static byte[] connect5(int flags, int keepAliveSeconds, byte[]... propertiesAndPayload) {
        return packet(
                0x10, string("MQTT"), u8(5), u8(flags), u16(keepAliveSeconds), RawClient.concat(propertiesAndPayload));
    }

    // --- PUBLISH and its answers

    public static byte[] publish(int qos, int packetId, String topic, String payload) {
        return packet(
                0x30 | (qos << 1),
                string(topic),
                qos == 0 ? new byte[0] : u16(packetId),
                payload.getBytes(StandardCharsets.UTF_8));
    }

    public static byte[] publishV5(int qos, int packetId, String topic, byte[] properties, String payload) {
        return packet(
                0x30 | (qos << 1),
                string(topic),
                qos == 0 ? new byte[0] : u16(packetId),
                properties,
                payload.getBytes(StandardCharsets.UTF_8));
    }

    public static byte[] pubAck(int packetId) {
        return packet(0x40, u16(packetId));
    }

    public static byte[] pubRec(int packetId) {
        return packet(0x50, u16(packetId));
    }

    public static byte[] pubRel(int packetId) {
        return packet(0x62, u16(packetId));
    }

    public static byte[] pubComp(int packetId) {
        return packet(0x70, u16(packetId));
    }

    // --- SUBSCRIBE

    public static byte[] subscribe(int packetId, String filter, int options) {
        return packet(0x82, u16(packetId), string(filter), u8(options));
    }

    public static byte[] subscribeV5(int packetId, byte[] properties, String filter, int options) {
        return packet(0x82, u16(packetId), properties, string(filter), u8(options));
    }

    public static byte[] unsubscribe(int packetId, String filter) {
        return packet(0xA2, u16(packetId), string(filter));
    }

    public static byte[] unsubscribeV5(int packetId, byte[] properties, String filter) {
        return packet(0xA2, u16(packetId), properties, string(filter));
    }
}
