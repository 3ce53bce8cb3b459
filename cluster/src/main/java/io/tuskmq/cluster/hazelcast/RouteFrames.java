package io.tuskmq.cluster.hazelcast;

import io.tuskmq.cluster.rules.RouteBatch;
import io.tuskmq.cluster.rules.RouteChange;
import io.tuskmq.cluster.rules.RouteDigest;
import io.tuskmq.cluster.rules.RouteHash;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ObjIntConsumer;

/**
 * How routes travel. All numbers are big-endian. A route is its flags (1 byte), the length of its filter (2 bytes) and the filter in UTF-8.
 *
 * <ul>
 *   <li>a batch in the journal: version 1 (1 byte), sequence (8), digest (8 + 4), routes;
 *   <li>told: {@link #ACK}, sequence (8), or {@link #STATE}, sequence (8), digest (8 + 4);
 *   <li>asked: {@link #SNAPSHOT}, snapshot (8, 0 = a new one), page (4); the answer is the {@link Page}.
 * </ul>
 */
final class RouteFrames {
    static final byte ACK = 1;
    static final byte STATE = 2;
    static final byte SNAPSHOT = 3;

    private static final byte VERSION = 1;
    private static final int BATCH_HEAD_BYTES = 1 + 8 + 8 + 4;
    private static final int PAGE_HEAD_BYTES = 8 * 7 + 4 + 8 + 4;

    /**
     * A page of a snapshot.
     *
     * @param hash the owner's key for its routes: digests of it can be compared only with the same
     * @param base the owner's sequence when it began to read its routes
     * @param verifiedFrom the batch that has all changes made until it was done
     * @param at the owner's sequence when it was done, and the digest there
     * @param position in the ring buffer: all batches above {@code base} are there or behind
     */
    record Snapshot(
            long id,
            RouteHash hash,
            long base,
            long verifiedFrom,
            long at,
            RouteDigest digest,
            long position,
            int pages) {}

    /** A snapshot's page: the snapshot, and routes. */
    record Page(Snapshot snapshot, Buffer body) {
        void forEach(ObjIntConsumer<String> each) {
            readRoutes(body, PAGE_HEAD_BYTES, each);
        }
    }

    private RouteFrames() {}

    static byte[] batch(RouteBatch batch) {
        List<byte[]> filters = new ArrayList<>(batch.changes().size());
        int bytes = BATCH_HEAD_BYTES;
        for (RouteChange change : batch.changes()) {
            byte[] filter = change.filter().getBytes(StandardCharsets.UTF_8);
            filters.add(filter);
            bytes += 3 + filter.length;
        }
        ByteBuffer out = ByteBuffer.allocate(bytes);
        out.put(VERSION).putLong(batch.sequence());
        out.putLong(batch.digest().sum()).putInt(batch.digest().filters());
        for (int i = 0; i < filters.size(); i++) {
            byte[] filter = filters.get(i);
            out.put((byte) batch.changes().get(i).flags());
            out.putShort((short) filter.length).put(filter);
        }
        return out.array();
    }

    /** Of what another node wrote: a version that isn't known is an {@link IllegalArgumentException}. */
    static RouteBatch readBatch(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        byte version = in.get();
        if (version != VERSION) {
            throw new IllegalArgumentException("a batch of version " + version);
        }
        long sequence = in.getLong();
        RouteDigest digest = new RouteDigest(in.getLong(), in.getInt());
        List<RouteChange> changes = new ArrayList<>();
        readRoutes(
                Buffer.buffer(bytes), BATCH_HEAD_BYTES, (filter, flags) -> changes.add(new RouteChange(filter, flags)));
        return new RouteBatch(sequence, digest, changes);
    }

    static Buffer ack(long sequence) {
        return Buffer.buffer(9).appendByte(ACK).appendLong(sequence);
    }

    static Buffer state(long sequence, RouteDigest digest) {
        return Buffer.buffer(21)
                .appendByte(STATE)
                .appendLong(sequence)
                .appendLong(digest.sum())
                .appendInt(digest.filters());
    }

    static long sequence(Buffer ackOrState) {
        return ackOrState.getLong(1);
    }

    static RouteDigest digest(Buffer state) {
        return new RouteDigest(state.getLong(9), state.getInt(17));
    }

    static Buffer ask(long snapshot, int page) {
        return Buffer.buffer(13).appendByte(SNAPSHOT).appendLong(snapshot).appendInt(page);
    }

    static Buffer page(Snapshot snapshot, Buffer routes) {
        return Buffer.buffer(PAGE_HEAD_BYTES + routes.length())
                .appendLong(snapshot.id)
                .appendLong(snapshot.hash.key0())
                .appendLong(snapshot.hash.key1())
                .appendLong(snapshot.base)
                .appendLong(snapshot.verifiedFrom)
                .appendLong(snapshot.at)
                .appendLong(snapshot.digest.sum())
                .appendInt(snapshot.digest.filters())
                .appendLong(snapshot.position)
                .appendInt(snapshot.pages)
                .appendBuffer(routes);
    }

    static Page readPage(Buffer body) {
        Snapshot snapshot = new Snapshot(
                body.getLong(0),
                new RouteHash(body.getLong(8), body.getLong(16)),
                body.getLong(24),
                body.getLong(32),
                body.getLong(40),
                new RouteDigest(body.getLong(48), body.getInt(56)),
                body.getLong(60),
                body.getInt(68));
        return new Page(snapshot, body);
    }

    static void appendRoute(Buffer to, String filter, int flags) {
        byte[] bytes = filter.getBytes(StandardCharsets.UTF_8);
        to.appendByte((byte) flags).appendUnsignedShort(bytes.length).appendBytes(bytes);
    }

    private static void readRoutes(Buffer in, int from, ObjIntConsumer<String> each) {
        int at = from;
        while (at < in.length()) {
            int flags = in.getByte(at);
            int end = at + 3 + in.getUnsignedShort(at + 1);
            each.accept(in.getString(at + 3, end), flags);
            at = end;
        }
    }
}
