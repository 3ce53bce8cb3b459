package io.tuskmq.load.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
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
