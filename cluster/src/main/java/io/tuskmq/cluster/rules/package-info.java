/** Topics, filters and routes, and the decisions of membership: pure. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.cluster.rules;
