/** Sessions at work: who has which session, the runner that carries out a session's effects, routing of messages to sessions. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.session;
