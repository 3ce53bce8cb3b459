package io.tuskmq.node.session;

import io.tuskmq.storage.Store;

/** What all sessions of a node work with. */
public record Broker(
        Store store, Router router, SessionCounters counters, SysTopics sysTopics, Groups groups, Quotas quotas) {}
