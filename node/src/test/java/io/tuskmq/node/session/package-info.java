/** Tests. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.session;
