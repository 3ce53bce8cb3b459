package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/** Reads the log. Requests made at the same time go in one statement, and those for the same part of a filter share its rows. */
public interface LogReader {
    /** One filter, above an id. */
    record Range(long filterId, long afterId) {}

    /** A message in the log and which of the asked filters it lies under (ascending). */
    record Logged(long id, long[] filterIds, Message message) {}

    /**
     * Messages in the order of their ids. All rows of the asked ranges at or below {@code throughId} that belong to a lane's part at
     * or below {@code heads} are in it; {@code throughId} is {@link Long#MAX_VALUE} when the end was reached. {@code starts} are the
     * ids at which lanes began, for cursors that never heard of a lane. How a cursor follows page by page: {@link
     * io.tuskmq.storage.rules.LogPass}.
     */
    record Page(List<Logged> messages, long throughId, LaneVector heads, LaneVector starts) {
        public boolean isEnd() {
            return throughId == Long.MAX_VALUE;
        }
    }

    /** Where one message lies. */
    record Position(long filterId, long id) {}

    /** A part of one filter: the ids above one and up to another, of all lanes. */
    record Span(long filterId, long afterId, long throughId) {}

    /** How many messages lie in a span, and their ids combined by exclusive or: two readers that had the same ones have the same. */
    record Digest(long filterId, long count, long xor) {}

    /** What lies under one filter and above a vector. */
    record Waiting(long filterId, LaneVector above) {}

    /** The oldest part of what waits: how many messages lie at or below {@code through} in their lanes. */
    record Excess(LaneVector through, long messages) {}

    /** What must be left out so that at most {@code keep} messages wait: nothing, or all but the {@code keep} with the highest ids. */
    Future<Excess> excess(List<Waiting> waiting, int keep);

    /** The first messages of the ranges, at most {@code limit} per filter. */
    Future<Page> read(List<Range> ranges, int limit);

    /** The messages at the positions; empty where retention has dropped one. */
    Future<List<Optional<Message>>> fetch(List<Position> positions);

    /**
     * What lies in each of the spans, in their order. Only an index is read, about 0.3 µs for each id. What may still change: an id above
     * the head of its lane, and what retention has dropped.
     */
    Future<List<Digest>> digests(List<Span> spans);
}
