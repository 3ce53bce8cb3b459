/** The broker as its users meet it: a process that is killed and started again, and client libraries that nobody here wrote. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.process;
