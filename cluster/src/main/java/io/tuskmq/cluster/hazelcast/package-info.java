/** What stands behind the port {@link io.tuskmq.cluster.Cluster} on Hazelcast and the links. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.cluster.hazelcast;
