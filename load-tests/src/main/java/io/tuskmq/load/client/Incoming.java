package io.tuskmq.load.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.DecoderException;
import java.nio.charset.StandardCharsets;

/** A PUBLISH as it came, a view that is good only while its event is handled: each client has one and uses it again. */
public final class Incoming {
    ByteBuf bytes = Unpooled.EMPTY_BUFFER;
    int first;
    int topicAt;
    int topicBytes;
    int payloadAt;
    int payloadBytes;
    long nanos;

    Incoming() {}

    /** Becomes the view of this PUBLISH, from behind its length; returns its packet id, 0 with QoS 0. */
    int read(int firstByte, ByteBuf in, int end, boolean v5) {
        bytes = in;
        first = firstByte;
        topicBytes = in.readUnsignedShort();
        topicAt = in.readerIndex();
        in.skipBytes(topicBytes);
        int packetId = qos() > 0 ? in.readUnsignedShort() : 0;
        if (v5) {
            in.skipBytes(Wire.variable(in));
        }
        payloadAt = in.readerIndex();
        payloadBytes = end - payloadAt;
        if (payloadBytes < 0) {
            throw new DecoderException("a PUBLISH that is too short");
        }
        return packetId;
    }

    public int qos() {
        return (first >> 1) & 3;
    }

    public boolean dup() {
        return (first & 8) != 0;
    }

    public boolean retain() {
        return (first & 1) != 0;
    }

    public String topic() {
        return bytes.toString(topicAt, topicBytes, StandardCharsets.UTF_8);
    }

    public String text() {
        return bytes.toString(payloadAt, payloadBytes, StandardCharsets.UTF_8);
    }

    public int payloadBytes() {
        return payloadBytes;
    }

    /** When it was read from the socket, on the clock of {@link System#nanoTime}. */
    public long nanos() {
        return nanos;
    }

    /** Whether the payload begins as those of {@link Payloads} with this run's number do. */
    public boolean isOf(int run) {
        return payloadBytes >= Payloads.HEADER_BYTES && bytes.getInt(payloadAt) == run;
    }

    public int stream() {
        return bytes.getInt(payloadAt + 4);
    }

    public int number() {
        return bytes.getInt(payloadAt + 8);
    }

    public long intendedNanos() {
        return bytes.getLong(payloadAt + 12);
    }
}
