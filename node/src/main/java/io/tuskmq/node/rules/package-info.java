/** The broker's rules, pure: events in, effects out. No socket, database, clock, thread or log; time comes inside the event. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.rules;
