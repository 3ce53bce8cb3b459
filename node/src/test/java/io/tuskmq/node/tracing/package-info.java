/** Traces of messages by OpenTelemetry; nothing here is loaded while they are off. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.tracing;
