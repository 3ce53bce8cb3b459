package io.tuskmq.cluster.links;

import io.netty.buffer.ByteBuf;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.buffer.BufferInternal;

/**
 * What travels on a link: length of the rest (4 bytes), kind, channel, for some kinds a correlation id (8 bytes), body.
 *
 * @param id which ask this is, or is the answer to
 * @param paced its sender can hold the next one back ({@link io.tuskmq.cluster.rules.Pace}); not said on the wire
 */
record Frame(Kind kind, byte channel, long id, Buffer body, boolean paced) {
    Frame(Kind kind, byte channel, long id, Buffer body) {
        this(kind, channel, id, body, false);
    }

    private static final int LENGTH_BYTES = 4;
    private static final int SHORT_HEAD_BYTES = 2;
    private static final int LONG_HEAD_BYTES = SHORT_HEAD_BYTES + Long.BYTES;
    /** What a frame has besides its body, at most. */
    static final int HEAD_BYTES_MAX = LENGTH_BYTES + LONG_HEAD_BYTES;

    private static final byte NO_CHANNEL = 0;
    private static final Buffer EMPTY = Buffer.buffer(0);

    static final Frame PING = of(Kind.PING, EMPTY);
    static final Frame READY = of(Kind.READY, EMPTY);

    /** What it is for, and its byte on the wire. */
    enum Kind {
        HELLO(0, false),
        CHALLENGE(1, false),
        PROOF(2, false),
        READY(3, false),
        REFUSED(4, false),
        PING(5, false),
        TELL(6, false),
        ASK(7, true),
        ANSWER(8, true),
        FAIL(9, true);

        private static final Kind[] BY_CODE = new Kind[values().length];

        static {
            for (Kind kind : values()) {
                BY_CODE[kind.code] = kind;
            }
        }

        private final byte code;
        private final int headBytes;

        Kind(int code, boolean correlated) {
            this.code = (byte) code;
            headBytes = correlated ? LONG_HEAD_BYTES : SHORT_HEAD_BYTES;
        }
    }

    static Frame of(Kind kind, Buffer body) {
        return new Frame(kind, NO_CHANNEL, 0, body);
    }

    static Frame tell(byte channel, Buffer body) {
        return new Frame(Kind.TELL, channel, 0, body);
    }

    static Frame pacedTell(byte channel, Buffer body) {
        return new Frame(Kind.TELL, channel, 0, body, true);
    }

    int bytes() {
        return LENGTH_BYTES + kind.headBytes + body.length();
    }

    void writeTo(ByteBuf out) {
        out.writeInt(kind.headBytes + body.length());
        out.writeByte(kind.code);
        out.writeByte(channel);
        if (kind.headBytes == LONG_HEAD_BYTES) {
            out.writeLong(id);
        }
        // By index: other links may be reading the same body.
        ByteBuf bytes = ((BufferInternal) body).getByteBuf();
        out.writeBytes(bytes, bytes.readerIndex(), body.length());
    }

    /** Reads the frame behind a length field; its body is a copy. */
    static Frame read(Buffer from, int start, int length) throws BadFrame {
        int code = length < SHORT_HEAD_BYTES ? -1 : from.getByte(start);
        if (code < 0 || code >= Kind.BY_CODE.length) {
            throw new BadFrame("unknown kind of frame");
        }
        Kind kind = Kind.BY_CODE[code];
        if (length < kind.headBytes) {
            throw new BadFrame("short frame");
        }
        long id = kind.headBytes == LONG_HEAD_BYTES ? from.getLong(start + SHORT_HEAD_BYTES) : 0;
        return new Frame(kind, from.getByte(start + 1), id, from.getBuffer(start + kind.headBytes, start + length));
    }

    /** What came is not of this protocol: the connection is of no use any more. */
    static final class BadFrame extends Exception {
        private static final long serialVersionUID = 1L;

        BadFrame(String message) {
            super(message);
        }
    }
}
