/** A network in memory, for the tests of all modules. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.cluster.testing;
