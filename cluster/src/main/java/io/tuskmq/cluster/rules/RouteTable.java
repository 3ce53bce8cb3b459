package io.tuskmq.cluster.rules;

import java.util.Arrays;

/**
 * The flags of many filters, known by their hashes alone, and the digest of them all. 11 to 22 bytes a filter (one {@code long} each, between
 * three eighths and three quarters of the places taken). The text of a filter isn't here: the route tree has it.
 *
 * <p>The two lowest bits of an entry are the flags, the others are the hash. With 1,000,000 filters two share the other 62 bits once in ten
 * million tables; the key of the {@link RouteHash} keeps clients from choosing such a pair. Open addressing with linear probing; an
 * entry that is removed pulls up those behind it, so that no marks of removed ones pile up. Not thread-safe.
 */
public final class RouteTable {
    /** Flags have two bits. */
    public static final int FLAGS_MAX = 3;

    private static final int PLACES_MIN = 16;

    private long[] places = new long[PLACES_MIN];
    private int filters;
    private long sum;

    /** The flags of the filter with this hash; 0 when there is none. */
    public int flags(long hash) {
        return (int) places[place(hash)] & FLAGS_MAX;
    }

    /** Sets the flags, 0 removes. Returns those before. */
    public int put(long hash, int flags) {
        if (flags < 0 || flags > FLAGS_MAX) {
            throw new IllegalArgumentException("flags: " + flags);
        }
        int place = place(hash);
        long before = places[place];
        int flagsBefore = (int) before & FLAGS_MAX;
        if (flagsBefore == flags) {
            return flagsBefore;
        }
        if (flagsBefore != 0) {
            sum ^= mix(before);
        }
        if (flags == 0) {
            filters--;
            pullUp(place);
            if (places.length > PLACES_MIN && filters < places.length / 8) {
                resize(places.length / 4);
            }
            return flagsBefore;
        }
        long entry = (hash & ~FLAGS_MAX) | flags;
        places[place] = entry;
        sum ^= mix(entry);
        if (flagsBefore == 0 && ++filters > places.length / 4 * 3) {
            resize(places.length * 2);
        }
        return flagsBefore;
    }

    /** How many filters have flags. */
    public int size() {
        return filters;
    }

    public RouteDigest digest() {
        return new RouteDigest(sum, filters);
    }

    /** How many entries there is room for: for the test of the bytes. */
    int places() {
        return places.length;
    }

    /** Where the hash is, or the free place where it would be. */
    private int place(long hash) {
        int mask = places.length - 1;
        int at = home(hash, mask);
        while (places[at] != 0 && (places[at] ^ hash) >>> 2 != 0) {
            at = (at + 1) & mask;
        }
        return at;
    }

    private static int home(long hash, int mask) {
        return (int) (hash >>> 32) & mask;
    }

    /** Empties the place; what was put further on because it was taken comes nearer to its home. */
    private void pullUp(int empty) {
        int mask = places.length - 1;
        int hole = empty;
        for (int at = (hole + 1) & mask; places[at] != 0; at = (at + 1) & mask) {
            int fromHome = (at - home(places[at], mask)) & mask;
            int fromHole = (at - hole) & mask;
            if (fromHome >= fromHole) {
                places[hole] = places[at];
                hole = at;
            }
        }
        places[hole] = 0;
    }

    private void resize(int length) {
        long[] before = places;
        places = new long[Math.max(length, PLACES_MIN)];
        Arrays.stream(before).filter(entry -> entry != 0).forEach(entry -> places[place(entry)] = entry);
    }

    /** Spreads an entry over all bits (MurmurHash3's end): flags that change in two filters must not cancel each other out. */
    private static long mix(long entry) {
        long x = entry;
        x = (x ^ (x >>> 33)) * 0xff51afd7ed558ccdL;
        x = (x ^ (x >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return x ^ (x >>> 33);
    }
}
