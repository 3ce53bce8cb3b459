package io.tuskmq.cluster.rules;

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of a topic filter, over its code units. Keyed with what clients can't know: they choose the
 * filters, and two with one hash would be one filter for a {@link RouteTable}. Owner and peers use the same key.
 */
public record RouteHash(long key0, long key1) {
    /** The hash of the filter. */
    public long of(String filter) {
        Rounds rounds = new Rounds(key0, key1);
        int length = filter.length();
        int whole = length & ~3;
        for (int i = 0; i < whole; i += 4) {
            rounds.take(filter.charAt(i)
                    | ((long) filter.charAt(i + 1) << 16)
                    | ((long) filter.charAt(i + 2) << 32)
                    | ((long) filter.charAt(i + 3) << 48));
        }
        long last = 0;
        for (int i = whole; i < length; i++) {
            last |= (long) filter.charAt(i) << (16 * (i - whole));
        }
        rounds.take(last);
        rounds.take(length);
        return rounds.end();
    }

    private static final class Rounds {
        private long v0;
        private long v1;
        private long v2;
        private long v3;

        Rounds(long key0, long key1) {
            v0 = key0 ^ 0x736f6d6570736575L;
            v1 = key1 ^ 0x646f72616e646f6dL;
            v2 = key0 ^ 0x6c7967656e657261L;
            v3 = key1 ^ 0x7465646279746573L;
        }

        void take(long word) {
            v3 ^= word;
            round();
            round();
            v0 ^= word;
        }

        long end() {
            v2 ^= 0xff;
            round();
            round();
            round();
            round();
            return v0 ^ v1 ^ v2 ^ v3;
        }

        private void round() {
            v0 += v1;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v3;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 += v3;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v2 = Long.rotateLeft(v2, 32);
        }
    }
}
