/** Placeholder. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.load;
