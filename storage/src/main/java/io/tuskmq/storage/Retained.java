package io.tuskmq.storage;

import io.vertx.core.Future;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The last retained message of each topic. Written by appends; read here. */
public interface Retained {
    /**
     * Candidates in the order of their topics (by bytes). Every topic that matches is among them; others may be, so the caller matches
     * again. {@code nextAfter} is null at the end.
     */
    record Page(List<Message> messages, @Nullable String nextAfter) {}

    /** Retained messages whose topics may match the filter, after a topic (empty: from the start), at most {@code limit}. */
    Future<Page> find(String topicFilter, String afterTopic, int limit);

    /** Deletes up to {@code limit} retained messages whose expiry has passed. Returns how many. */
    Future<Integer> deleteExpired(int limit);

    /** How many there are, those included whose expiry has passed; by counting them. */
    Future<Long> count();

    /** What all retained messages take: their number, and the bytes of topics, payloads and properties. */
    record Usage(long messages, long bytes) {}

    /** The same as of the last commit, without counting: cheap enough for once a second. */
    Future<Usage> usage();
}
