package io.tuskmq.cluster.links;

import io.tuskmq.cluster.links.Frame.BadFrame;
import io.vertx.core.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/** Cuts the bytes of one connection into frames. Lives on its event loop. */
final class FrameReader {
    private static final int LENGTH_BYTES = 4;

    /** Takes frames in turn. */
    interface Sink {
        /** Returns false when no more frames are wanted: the connection is closed. */
        boolean frame(Frame frame) throws BadFrame;
    }

    private int frameBytesMax;
    private @Nullable Buffer rest;

    FrameReader(int frameBytesMax) {
        this.frameBytesMax = frameBytesMax;
    }

    void frameBytesMax(int bytes) {
        frameBytesMax = bytes;
    }

    void read(Buffer chunk, Sink sink) throws BadFrame {
        Buffer begun = rest;
        Buffer bytes = begun == null ? chunk : begun.appendBuffer(chunk);
        rest = null;
        int at = 0;
        int roomWanted = LENGTH_BYTES;
        while (bytes.length() - at >= LENGTH_BYTES) {
            int length = bytes.getInt(at);
            if (length < 0 || length > frameBytesMax) {
                throw new BadFrame("a frame of " + Integer.toUnsignedString(length) + " bytes");
            }
            if (bytes.length() - at - LENGTH_BYTES < length) {
                roomWanted = LENGTH_BYTES + length;
                break;
            }
            if (!sink.frame(Frame.read(bytes, at + LENGTH_BYTES, length))) {
                return;
            }
            at += LENGTH_BYTES + length;
        }
        if (at == 0 && begun != null) {
            rest = bytes;
        } else if (at < bytes.length()) {
            // With room for the whole frame, so that a large one is not copied for each piece of it.
            rest = Buffer.buffer(roomWanted).appendBuffer(bytes, at, bytes.length() - at);
        }
    }
}
