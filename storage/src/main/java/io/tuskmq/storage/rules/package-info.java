/** Pure decisions of the storage: ids, lane vectors, batching. No socket, database, clock or thread. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.storage.rules;
