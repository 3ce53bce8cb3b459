/** The log, sessions, retained messages, wills and leases: the {@link io.tuskmq.storage.Store} port, and PostgreSQL behind it. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.storage;
