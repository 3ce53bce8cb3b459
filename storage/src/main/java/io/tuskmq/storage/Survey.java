package io.tuskmq.storage;

import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/** What the database holds, for those who watch it: nothing is decided by it. */
public interface Survey {
    /**
     * A part of the log that goes as a whole.
     *
     * @param fromMillis when its first message may be from, in milliseconds since 1970
     * @param rows as PostgreSQL estimates them; 0 when it has not counted yet
     */
    record LogPart(long fromMillis, long bytes, long rows) {}

    /**
     * How much there is.
     *
     * @param offline stored sessions, groups among them, that no node has
     * @param willsWaiting of connections that have ended
     */
    record Counts(long offline, long willsWaiting) {}

    /**
     * Messages that wait for sessions, be they connected or not.
     *
     * @param sinceMillis when the oldest of them was appended, in milliseconds since 1970
     * @param most of one session, among the 10 that have waited longest; {@link #BACKLOG_MAX} = that many or more
     */
    record Backlog(long sinceMillis, long most) {}

    /** Up to where the messages of one session are counted. */
    long BACKLOG_MAX = 10_000;

    /** The database's clock, in microseconds since 1970. */
    Future<Long> clockMicros();

    /** The log's parts, the oldest first. */
    Future<List<LogPart>> log();

    /** Reads all sessions: for one node, at most once a minute. */
    Future<Counts> counts();

    /**
     * Who waits for messages that are in the log and have not expired; empty when nobody does. For one node at a time: it looks at what it
     * has seen to be delivered no more, and at no more than some parts of the log in one call. A look that took long, since there are very
     * many sessions, or failed, is followed by a pause in which only the 10 sessions are asked for that had waited longest, or the failure
     * is the answer.
     */
    Future<Optional<Backlog>> backlog();
}
