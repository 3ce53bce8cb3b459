/** The load by which {@code tuskmq train} shows Java what a node does. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.training;
