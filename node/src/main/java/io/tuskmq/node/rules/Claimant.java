package io.tuskmq.node.rules;

/** Who wants a client id: it ends connections of the id only where its principal may. */
public record Claimant(String clientId, String principal) {}
