/** The database schema and its forward-only migrations. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.migrations;
