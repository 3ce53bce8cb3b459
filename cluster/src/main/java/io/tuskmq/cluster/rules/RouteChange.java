package io.tuskmq.cluster.rules;

/**
 * The flags that a filter has from now on; 0 when it is no route any more.
 *
 * @param flags at most {@link RouteTable#FLAGS_MAX}
 */
public record RouteChange(String filter, int flags) {}
