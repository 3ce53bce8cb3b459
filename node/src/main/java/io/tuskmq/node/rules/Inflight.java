package io.tuskmq.node.rules;

import io.tuskmq.storage.Message;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One message on its way to the client, not yet fully acknowledged; also how a set of them is written in a checkpoint.
 *
 * <p>Layout, version 1: the lowest log id (8 bytes, which the store reads to know what the session still needs), a byte 1, the
 * number of entries, then per entry: flags (bits 0-1: 1 = QoS 1 sent, 2 = QoS 2 sent, 3 = PUBREC
 * came; bit 2: RETAIN), packet id, filter id and the difference of the log id from the one before. Numbers are of variable length,
 * seven bits a byte, the last two with their sign in the lowest bit. First come those that wait for PUBCOMP, in the order of their
 * PUBRECs, then the others in the order in which they were first sent.
 */
final class Inflight {
    /** How far the handshake is, as the client can know. */
    enum Stage {
        /** QoS 2: has its packet id, and is sent when a checkpoint has made that durable (I3). */
        TO_SEND,
        /** Sent; PUBACK or PUBREC must come. */
        SENT,
        /** Sent over an earlier connection, and not again yet. */
        RESUMED,
        /** PUBREC came; PUBREL is sent when that is durable (I3). */
        TO_RELEASE,
        /** PUBREL was sent; PUBCOMP must come. */
        RELEASED
    }

    private static final int VERSION = 1;
    private static final int RETAIN_FLAG = 4;
    private static final int HEADER_BYTES_MAX = Long.BYTES + 1 + 3;
    private static final int ENTRY_BYTES_MAX = 1 + 3 + 10 + 10;

    final int packetId;
    final long logId;
    final long filterId;
    final int qos;
    final boolean retain;
    Stage stage;

    /** The checkpoint that makes it durable; meaningful in the stages that wait for one. */
    long checkpoint;

    /** Whether it uses one of the client's receive maximum on this connection. */
    boolean counted;

    /** What to send, while it waits for its checkpoint. */
    @Nullable
    Message message;

    List<Integer> subscriptionIds = List.of();

    /** Of a message that is still a group's: one of QoS 1 stays that until it is acknowledged, one of QoS 2 until it is taken. */
    @Nullable
    Deal deal;

    // Links of InflightTable.
    @Nullable
    Inflight nextInBucket;

    @Nullable
    Inflight before;

    @Nullable
    Inflight after;

    Inflight(int packetId, long logId, long filterId, int qos, boolean retain, Stage stage) {
        this.packetId = packetId;
        this.logId = logId;
        this.filterId = filterId;
        this.qos = qos;
        this.retain = retain;
        this.stage = stage;
    }

    boolean isRelease() {
        return stage == Stage.TO_RELEASE || stage == Stage.RELEASED;
    }

    private int flags() {
        return (isRelease() ? 3 : qos) | (retain ? RETAIN_FLAG : 0);
    }

    static byte[] encode(List<Inflight> own) {
        if (own.isEmpty()) {
            return new byte[0];
        }
        ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES_MAX + own.size() * ENTRY_BYTES_MAX);
        out.putLong(own.stream().mapToLong(e -> e.logId).min().orElseThrow());
        out.put((byte) VERSION);
        putNumber(out, own.size());
        long last = 0;
        for (Inflight e : own) {
            last = put(out, e, last);
        }
        byte[] bytes = new byte[out.position()];
        out.flip().get(bytes);
        return bytes;
    }

    /**
     * Puts the entries into the table, as resumed.
     *
     * @throws IllegalArgumentException when the bytes were not written by {@link #encode}
     */
    static void decode(byte[] bytes, InflightTable table) {
        if (bytes.length == 0) {
            return;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        try {
            in.getLong();
            byte version = in.get();
            if (version != VERSION) {
                throw new IllegalArgumentException("in-flight state of unknown version " + version);
            }
            long count = number(in);
            long last = 0;
            for (long i = 0; i < count; i++) {
                int flags = in.get();
                int packetId = (int) number(in);
                long filterId = signed(number(in));
                last += signed(number(in));
                boolean release = (flags & 3) == 3;
                int qos = release ? 2 : flags & 3;
                Stage stage = release ? Stage.RELEASED : Stage.RESUMED;
                table.add(new Inflight(packetId, last, filterId, qos, (flags & RETAIN_FLAG) != 0, stage));
            }
        } catch (java.nio.BufferUnderflowException e) {
            throw new IllegalArgumentException("in-flight state is cut off", e);
        }
    }

    private static long put(ByteBuffer out, Inflight e, long last) {
        out.put((byte) e.flags());
        putNumber(out, e.packetId);
        putNumber(out, unsigned(e.filterId));
        putNumber(out, unsigned(e.logId - last));
        return e.logId;
    }

    private static void putNumber(ByteBuffer out, long n) {
        while ((n & ~0x7FL) != 0) {
            out.put((byte) ((n & 0x7F) | 0x80));
            n >>>= 7;
        }
        out.put((byte) n);
    }

    private static long number(ByteBuffer in) {
        long n = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte b = in.get();
            n |= (long) (b & 0x7F) << shift;
            if (b >= 0) {
                return n;
            }
        }
        throw new IllegalArgumentException("in-flight state has a number that is too long");
    }

    private static long unsigned(long n) {
        return (n << 1) ^ (n >> 63);
    }

    private static long signed(long n) {
        return (n >>> 1) ^ -(n & 1);
    }
}
