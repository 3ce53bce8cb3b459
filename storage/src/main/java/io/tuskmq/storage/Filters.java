package io.tuskmq.storage;

import io.vertx.core.Future;
import java.util.List;

/** The set of persistent filters and its version, kept in step with the database. */
public interface Filters {
    /** The node's own copy of the set, told by this module of each change. */
    interface Copy {
        /** The version up to which {@link #apply} was called. Read it before matching, not after. */
        long version();

        /** Called by one thread at a time, versions rising; the new version must become visible after the changes. */
        void apply(Changes changes);
    }

    record Filter(long filterId, String filter) {}

    /** All changes that lead to {@code version}: what is new since, and what has gone. */
    record Changes(long version, List<Filter> added, List<Filter> removed) {}

    /** Loads what changed since the copy's version and applies it; calls at the same time share one query. Returns the version. */
    Future<Long> catchUp();

    /** Removes up to {@code limit} filters that no subscription needs any more. Returns how many. */
    Future<Integer> removeUnused(int limit);
}
