/** The other nodes, seen from one: the port {@link io.tuskmq.cluster.Cluster}, what stands behind it, and the links that it uses. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.cluster;
