/** A PostgreSQL of our own for development and single machines: unpacked, started, watched and stopped by the node. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.embedded;
