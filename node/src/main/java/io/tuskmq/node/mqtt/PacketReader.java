package io.tuskmq.node.mqtt;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Reads the data types of MQTT (1.5) from one packet that has arrived completely; whatever lies beyond its end, or is not of its type,
 * is a malformed packet. Belongs to one event loop.
 */
final class PacketReader {
    private final CharsetDecoder utf8 = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);

    private ByteBuf in = io.netty.buffer.Unpooled.EMPTY_BUFFER;
    private int at;
    private int end;

    /** Starts on the packet's bytes after the fixed header. */
    void start(ByteBuf in, int from, int end) {
        this.in = in;
        this.at = from;
        this.end = end;
    }

    int position() {
        return at;
    }

    int remaining() {
        return end - at;
    }

    /** Narrows to the next {@code length} bytes; returns the end to give to {@link #widen} afterwards. */
    int narrow(int length) {
        need(length);
        int outer = end;
        end = at + length;
        return outer;
    }

    void widen(int outerEnd) {
        end = outerEnd;
    }

    int u8() {
        need(1);
        return in.getUnsignedByte(at++);
    }

    int u16() {
        need(2);
        int value = in.getUnsignedShort(at);
        at += 2;
        return value;
    }

    long u32() {
        need(4);
        long value = in.getUnsignedInt(at);
        at += 4;
        return value;
    }

    /** [MQTT5-1.5.5-1] At most four bytes. */
    int variableByteInteger() {
        int value = 0;
        for (int shift = 0; shift < 28; shift += 7) {
            int b = u8();
            value |= (b & 0x7F) << shift;
            if ((b & 0x80) == 0) {
                return value;
            }
        }
        throw BadPacket.malformed("variable byte integer of more than four bytes");
    }

    /** [MQTT-2.3.1-1] [MQTT5-2.2.1-3] A packet identifier is never zero. */
    int packetId() {
        int id = u16();
        if (id == 0) {
            throw BadPacket.malformed("packet identifier 0");
        }
        return id;
    }

    byte[] bytes(int length) {
        need(length);
        byte[] bytes = new byte[length];
        in.getBytes(at, bytes);
        at += length;
        return bytes;
    }

    byte[] copy(int from, int to) {
        byte[] bytes = new byte[to - from];
        in.getBytes(from, bytes);
        return bytes;
    }

    byte[] binary() {
        return bytes(u16());
    }

    /** The bytes of a string, yet to be given to {@link #decode}. */
    byte[] stringBytes() {
        return bytes(u16());
    }

    String string(String what) {
        return decode(stringBytes(), what);
    }

    /** [MQTT-1.5.3-1] [MQTT-1.5.3-2] [MQTT5-1.5.4-1] [MQTT5-1.5.4-2] Well-formed UTF-8 without surrogates and U+0000. */
    String decode(byte[] bytes, String what) {
        boolean ascii = true;
        for (byte b : bytes) {
            if (b == 0) {
                throw BadPacket.malformed("U+0000 in " + what);
            }
            ascii &= b > 0;
        }
        if (ascii) {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
        try {
            // [MQTT-1.5.3-3] A byte order mark is a character like others: Java's decoder keeps it.
            CharBuffer chars = utf8.decode(ByteBuffer.wrap(bytes));
            return chars.toString();
        } catch (CharacterCodingException e) {
            throw BadPacket.malformed("bad UTF-8 in " + what);
        }
    }

    void expectEnd() {
        if (at != end) {
            throw BadPacket.malformed((end - at) + " bytes too many");
        }
    }

    private void need(int bytes) {
        if (end - at < bytes) {
            throw BadPacket.malformed("packet ends too early");
        }
    }
}
