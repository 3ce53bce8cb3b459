package io.tuskmq.node.session;

import io.tuskmq.node.rules.Subscription;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The groups that one session ever joined, and those of them that its next SUBACK waits for. Lives on the session's shard. */
final class JoinedGroups {
    private Set<String> keys = Set.of();
    private List<Future<Void>> joining = List.of();

    Set<String> keys() {
        return keys;
    }

    void add(Subscription subscription) {
        if (keys.isEmpty()) {
            keys = new HashSet<>();
        }
        keys.add(Groups.key(subscription));
    }

    /** Nothing keeps the messages of a member that is not stored: it is subscribed when the group deals to it. */
    void awaits(Future<Void> joined) {
        if (joining.isEmpty()) {
            joining = new ArrayList<>(1);
        }
        joining.add(joined);
    }

    /** Completes when the session's routes are applied everywhere; those of a group are there when it deals to its members. */
    Future<Void> routesApplied(Peers peers) {
        if (joining.isEmpty()) {
            return peers.routesApplied();
        }
        Future<Void> joined = Future.all(joining).mapEmpty();
        joining = List.of();
        return joined.compose(done -> peers.routesApplied());
    }
}
