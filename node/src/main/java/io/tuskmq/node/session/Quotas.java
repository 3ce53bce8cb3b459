package io.tuskmq.node.session;

/** What the broker as a whole has room for. */
public record Quotas(LogQuota log, RetainedQuota retained) {}
