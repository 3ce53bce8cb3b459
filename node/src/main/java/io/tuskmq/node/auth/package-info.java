/** Who a client is and what it may do: the chain of authenticators, the rules, the door that all connections come through. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.auth;
