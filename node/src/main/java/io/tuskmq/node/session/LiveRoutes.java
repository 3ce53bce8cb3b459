package io.tuskmq.node.session;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.rules.RouteTree;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.Filters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The routes of this node: live subscriptions of all shards, those of the other nodes, and the node's copy of the persistent filters, in
 * one tree, so that one match finds all. Matching takes no lock.
 */
public final class LiveRoutes implements Filters.Copy {
    private static final Route[] NONE = {};

    private final RouteTree<Route> tree = new RouteTree<>();
    private volatile long version;
    private volatile @Nullable Peers peers;

    /** Tells others of this node's routes from now on; before the first subscriber. */
    public void tell(Peers others) {
        peers = others;
    }

    /** The routes whose filter matches the topic. */
    Route[] match(String topic) {
        Found found = new Found();
        tree.match(topic, found);
        return found.routes();
    }

    /** What one match finds: nearly always one route or none, so there is no room for more at first. */
    private static final class Found implements Consumer<Route> {
        private Route[] routes = NONE;
        private int count;

        @Override
        public void accept(Route route) {
            if (count == routes.length) {
                routes = Arrays.copyOf(routes, Math.max(1, 2 * count));
            }
            routes[count++] = route;
        }

        Route[] routes() {
            return count == routes.length ? routes : Arrays.copyOf(routes, count);
        }
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
            Route route = before == null ? new Route() : before;
            int flagsBefore = route.flags();
            change.accept(route);
            Peers others = peers;
            if (others != null && route.flags() != flagsBefore) {
                others.routeChanged(filter, route.flags()); // here, since changes of one filter must be told in order
            }
            return route.isUnused() ? null : route;
        });
    }

    /** Another node's subscribers behind a filter have changed. From any thread. */
    public void node(int slot, String filter, int flags) {
        change(filter, route -> route.node(slot, flags));
    }

    /** Another node has gone. From any thread; takes a second for a million filters. */
    public void forgetNode(int slot) {
        List<String> filters = new ArrayList<>();
        tree.forEach((filter, route) -> {
            if (route.flagsOf(slot) != 0) {
                filters.add(filter);
            }
        });
        filters.forEach(filter -> node(slot, filter, 0));
    }

    /** This node's filters with their flags; what changes meanwhile may be in it or not. */
    public void forEachOwn(Cluster.RouteConsumer each) {
        tree.forEach((filter, route) -> {
            if (route.flags() != 0) {
                each.accept(filter, route.flags());
            }
        });
    }

    /** Another node's filters as they are known here. */
    public void forEachOf(int slot, Cluster.RouteConsumer each) {
        tree.forEach((filter, route) -> {
            if (route.flagsOf(slot) != 0) {
                each.accept(filter, route.flagsOf(slot));
            }
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
