package io.tuskmq.node.session;

import io.tuskmq.cluster.rules.RouteTree;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.Filters;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The routes of this node: live subscriptions of all shards and the node's copy of the persistent filters, in one tree, so that one
 * match finds both. Matching takes no lock.
 */
public final class LiveRoutes implements Filters.Copy {
    private static final Route[] NONE = {};

    private final RouteTree<Route> tree = new RouteTree<>();
    private final int shardsMax;
    private volatile long version;

    public LiveRoutes(Shards shards) {
        this.shardsMax = shards.max();
    }

    /** The routes whose filter matches the topic. */
    Route[] match(String topic) {
        List<Route> found = new ArrayList<>(4);
        tree.match(topic, found::add);
        return found.isEmpty() ? NONE : found.toArray(NONE);
    }

    /** Routes messages to the receiver; on its shard's event loop. */
    void add(Shard shard, Receiver receiver, Subscription subscription) {
        change(subscription.filter(), route -> route.put(shard, receiver, subscription));
    }

    /** Routes no more; on its shard's event loop. */
    void remove(Shard shard, Receiver receiver, String filter) {
        change(filter, route -> route.remove(shard, receiver));
    }

    /** A route is in the tree as long as it leads anywhere. */
    private void change(String filter, Consumer<Route> change) {
        tree.compute(filter, before -> {
            Route route = before == null ? new Route(shardsMax) : before;
            change.accept(route);
            return route.isUnused() ? null : route;
        });
    }

    @Override
    public long version() {
        return version;
    }

    @Override
    public void apply(Filters.Changes changes) {
        for (Filters.Filter added : changes.added()) {
            change(added.filter(), route -> route.filterId(added.filterId()));
        }
        for (Filters.Filter removed : changes.removed()) {
            change(removed.filter(), route -> forget(route, removed.filterId()));
        }
        version = changes.version(); // last: whoever reads it finds the filters
    }

    /** The same filter may have been removed and added again under another id. */
    private static void forget(Route route, long filterId) {
        if (route.filterId() == filterId) {
            route.filterId(0);
        }
    }
}
