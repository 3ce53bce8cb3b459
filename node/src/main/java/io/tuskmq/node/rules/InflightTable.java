package io.tuskmq.node.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The in-flight messages of one session: found by packet id, and kept in two orders, those that were published (as sent) and those
 * that were released (as their PUBRECs came), which a resume must keep [MQTT-4.6.0-1] [MQTT-4.6.0-4]. Its memory grows and shrinks
 * with what is in it; an entry costs one object.
 */
final class InflightTable {
    private static final int BUCKETS_MIN = 8;
    private static final int PACKET_ID_MAX = 65_535;

    /** Shared by all tables that never had an entry; never written. */
    private static final @Nullable Inflight[] NONE = new @Nullable Inflight[1];

    private @Nullable Inflight[] buckets = NONE;
    private int size;
    private int lastPacketId;

    private @Nullable Inflight firstPublish;
    private @Nullable Inflight lastPublish;
    private @Nullable Inflight firstRelease;
    private @Nullable Inflight lastRelease;

    int size() {
        return size;
    }

    @Nullable
    Inflight firstPublish() {
        return firstPublish;
    }

    @Nullable
    Inflight firstRelease() {
        return firstRelease;
    }

    /** Those that belong to this session's state, in the order of {@link Inflight}'s layout. */
    List<Inflight> all(Predicate<Inflight> belongs) {
        List<Inflight> all = new ArrayList<>(size);
        for (Inflight e = firstRelease; e != null; e = e.after) {
            all.add(e);
        }
        for (Inflight e = firstPublish; e != null; e = e.after) {
            if (belongs.test(e)) {
                all.add(e);
            }
        }
        return all;
    }

    @Nullable
    Inflight get(int packetId) {
        for (Inflight e = buckets[packetId & (buckets.length - 1)]; e != null; e = e.nextInBucket) {
            if (e.packetId == packetId) {
                return e;
            }
        }
        return null;
    }

    /** The next packet id that no message in flight has [MQTT-2.3.1-4] [MQTT5-2.2.1-4]. At least one must be free. */
    int nextPacketId() {
        assert size < PACKET_ID_MAX : "no packet id is free";
        int id = lastPacketId;
        do {
            id = id == PACKET_ID_MAX ? 1 : id + 1;
        } while (get(id) != null);
        lastPacketId = id;
        return id;
    }

    void add(Inflight e) {
        if (get(e.packetId) != null) {
            throw new IllegalArgumentException("packet id " + e.packetId + " is in flight twice");
        }
        if (size >= buckets.length || buckets.length < BUCKETS_MIN) {
            rehash(buckets.length * 2);
        }
        int bucket = e.packetId & (buckets.length - 1);
        e.nextInBucket = buckets[bucket];
        buckets[bucket] = e;
        size++;
        lastPacketId = e.packetId;
        link(e);
    }

    /** PUBREC came: from the one order to the other. */
    void release(Inflight e, Inflight.Stage stage) {
        unlink(e);
        e.stage = stage;
        link(e);
    }

    void remove(Inflight e) {
        unlink(e);
        int bucket = e.packetId & (buckets.length - 1);
        Inflight first = Objects.requireNonNull(buckets[bucket], "not in the table");
        if (first == e) {
            buckets[bucket] = e.nextInBucket;
        } else {
            Inflight at = first;
            while (at.nextInBucket != e) {
                at = Objects.requireNonNull(at.nextInBucket, "not in the table");
            }
            at.nextInBucket = e.nextInBucket;
        }
        e.nextInBucket = null;
        size--;
        if (buckets.length > BUCKETS_MIN && size < buckets.length / 8) {
            rehash(buckets.length / 4);
        }
    }

    private void link(Inflight e) {
        Inflight last = e.isRelease() ? lastRelease : lastPublish;
        e.before = last;
        e.after = null;
        if (last != null) {
            last.after = e;
        } else if (e.isRelease()) {
            firstRelease = e;
        } else {
            firstPublish = e;
        }
        if (e.isRelease()) {
            lastRelease = e;
        } else {
            lastPublish = e;
        }
    }

    private void unlink(Inflight e) {
        Inflight before = e.before;
        Inflight after = e.after;
        if (before != null) {
            before.after = after;
        } else if (e.isRelease()) {
            firstRelease = after;
        } else {
            firstPublish = after;
        }
        if (after != null) {
            after.before = before;
        } else if (e.isRelease()) {
            lastRelease = before;
        } else {
            lastPublish = before;
        }
        e.before = null;
        e.after = null;
    }

    private void rehash(int length) {
        @Nullable Inflight[] old = buckets;
        buckets = new @Nullable Inflight[Math.max(BUCKETS_MIN, length)];
        for (Inflight chain : old) {
            while (chain != null) {
                Inflight next = chain.nextInBucket;
                int bucket = chain.packetId & (buckets.length - 1);
                chain.nextInBucket = buckets[bucket];
                buckets[bucket] = chain;
                chain = next;
            }
        }
    }
}
