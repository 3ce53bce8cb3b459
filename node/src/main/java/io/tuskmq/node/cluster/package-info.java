/** This node among others: what it tells them, what it hears, how it watches their leases and its own. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.cluster;
