package io.tuskmq.cluster.rules;

import java.util.List;

/**
 * Changes of an owner's routes, as they are written to its journal.
 *
 * @param sequence one more than that of the batch before
 * @param digest of the owner's whole set after these changes
 */
public record RouteBatch(long sequence, RouteDigest digest, List<RouteChange> changes) {}
