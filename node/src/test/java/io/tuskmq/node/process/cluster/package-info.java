/**
 * A cluster of real processes: PostgreSQL, nodes, HAProxy and load, each of which a test may kill, pause or cut off.
 */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.process.cluster;
