package io.tuskmq.node.session;

import io.tuskmq.storage.Append;
import io.tuskmq.storage.Message;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A published message on its way through the broker: what it matched, and who waits for its commit. */
abstract class Publication extends Append {
    private static final long[] NO_FILTERS = {};

    private final LiveRoutes liveRoutes;
    private Route[] routes = {};
    private long[] filterIds = NO_FILTERS;
    private long filtersVersion;
    private long publishedNanos;

    Publication(LiveRoutes liveRoutes, Message message, @Nullable Receipt receipt, long willId) {
        super(message, receipt, willId);
        this.liveRoutes = liveRoutes;
    }

    /** It is in the log, or, if nothing there wants it, the log agreed that nothing does. Called on the lane's thread. */
    abstract void committed();

    /** It was not stored and never will be. Called on the lane's thread. */
    abstract void refused();

    /**
     * A message that the log may still refuse (a will that another node may have published, a QoS 2 message of a session that may
     * have moved on) reaches nobody before the commit; any other is handed to those who don't read the log at once.
     */
    final boolean isCertain() {
        return willId() == 0 && receipt() == null;
    }

    /** When it was taken in, for traces; 0 when there are none. */
    final void publishedAt(long nanos) {
        publishedNanos = nanos;
    }

    final long publishedNanos() {
        return publishedNanos;
    }

    final Route[] routes() {
        return routes;
    }

    @Override
    public final void match() {
        filtersVersion = liveRoutes.version(); // before the match, so that it never claims more than was looked at
        routes = liveRoutes.match(message().topic());
        long[] ids = new long[routes.length];
        int count = 0;
        for (Route route : routes) {
            long id = message().qos() > 0 ? route.filterId() : 0;
            if (id != 0) {
                ids[count++] = id;
            }
        }
        filterIds = count == 0 ? NO_FILTERS : Arrays.copyOf(ids, count);
    }

    @Override
    public final long[] filterIds() {
        return filterIds;
    }

    @Override
    public final long filtersVersion() {
        // A QoS 0 message is in the log only for the sake of its retained copy.
        return message().qos() > 0 ? filtersVersion : Long.MAX_VALUE;
    }
}
