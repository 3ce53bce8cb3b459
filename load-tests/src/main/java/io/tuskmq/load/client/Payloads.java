package io.tuskmq.load.client;

import io.netty.buffer.ByteBuf;
import java.util.SplittableRandom;

/** Payloads: a header that tells run, stream, number and intended time, then bytes that don't compress, made once. */
public final class Payloads {
    /** Run, stream and number (4 bytes each) and the intended time (8 bytes). */
    public static final int HEADER_BYTES = 20;

    public static final int PAYLOAD_BYTES_MAX = 1 << 20;

    private final int run;
    private final byte[] random = new byte[PAYLOAD_BYTES_MAX + (1 << 16)];

    public Payloads(int run) {
        this.run = run;
        new SplittableRandom(run).nextBytes(random);
    }

    public int run() {
        return run;
    }

    void write(ByteBuf out, Outgoing message) {
        int bytes = message.flow().payloadBytes();
        if (bytes == 0) {
            return;
        }
        byte[] fixed = message.flow().fixed();
        if (fixed != null) {
            out.writeBytes(fixed);
            return;
        }
        out.writeInt(run);
        out.writeInt(message.flow().stream());
        out.writeInt(message.number());
        out.writeLong(message.intendedNanos());
        out.writeBytes(
                random, (message.number() * 131 + message.flow().stream() * 7_919) & 0xFFFF, bytes - HEADER_BYTES);
    }
}
