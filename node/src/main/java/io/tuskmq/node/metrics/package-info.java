/** Counters and gauges, and their text for Prometheus. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.metrics;
