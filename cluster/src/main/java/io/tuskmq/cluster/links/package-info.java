/** {@link io.tuskmq.cluster.Links} on sockets. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.cluster.links;
