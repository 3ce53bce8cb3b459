package io.tuskmq.node.mqtt;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** A WebSocket client's bytes, as a test wants them. */
final class WebSocketBytes {
    private static final int FIN = 0x80;
    private static final int MASKED = 0x80;
    private static final int BINARY = 2;

    private WebSocketBytes() {}

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

    static byte[] binary(byte[] payload) {
        return frame(BINARY, true, payload);
    }

    /** @param opcode 0 goes on with a message, 2 begins one */
    static byte[] frame(int opcode, boolean last, byte[] payload) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(opcode | (last ? FIN : 0));
        if (payload.length < 126) {
            bytes.write(MASKED | payload.length);
        } else if (payload.length < 1 << 16) {
            bytes.write(MASKED | 126);
            bytes.writeBytes(Packets.u16(payload.length));
        } else {
            bytes.write(MASKED | 127);
            bytes.writeBytes(new byte[4]);
            bytes.writeBytes(Packets.u16(payload.length >> 16));
            bytes.writeBytes(Packets.u16(payload.length & 0xFFFF));
        }
        bytes.writeBytes(new byte[4]); // a mask of zeros leaves the payload as it is
        bytes.writeBytes(payload);
        return bytes.toByteArray();
    }

    /** Reads the answer to the upgrade, up to its empty line. */
    static void readUpgraded(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int one = in.read();
            if (one < 0) {
                throw new EOFException("closed within: " + head);
            }
            head.append((char) one);
        }
        if (!head.toString().startsWith("HTTP/1.1 101")) {
            throw new AssertionError(head);
        }
    }
}
