/** The pages that operators and tools ask for: health and metrics. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.http;
