/** What tests of all modules use to get at a PostgreSQL. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.storage.testing;
