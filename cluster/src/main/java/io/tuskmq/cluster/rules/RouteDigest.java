package io.tuskmq.cluster.rules;

/**
 * What a set of routes comes to, in whatever order it was made: equal sets have equal digests, and others hardly ever.
 *
 * @param sum the exclusive or of one mixed number for each filter with its flags
 */
public record RouteDigest(long sum, int filters) {
    /** Of no routes. */
    public static final RouteDigest EMPTY = new RouteDigest(0, 0);
}
