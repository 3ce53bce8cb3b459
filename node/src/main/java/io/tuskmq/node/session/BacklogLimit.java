package io.tuskmq.node.session;

import io.tuskmq.node.rules.Effect.Dropped;
import io.tuskmq.storage.LogReader.Waiting;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.SessionState;
import io.tuskmq.storage.Sessions.StoredSubscription;
import io.tuskmq.storage.Store;
import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lets a session that was away begin with the newest messages of its backlog. What it leaves out is counted and logged. */
final class BacklogLimit {
    private static final Logger LOG = LoggerFactory.getLogger(BacklogLimit.class);
    /** A CONNACK waits no longer for it: then the session gets its whole backlog. */
    private static final long SEARCH_MILLIS = 1_000;

    private final Store store;
    private final SessionCounters counters;
    private final int messagesMax;

    /** @param messagesMax 0 = no limit */
    BacklogLimit(Store store, SessionCounters counters, int messagesMax) {
        this.store = store;
        this.counters = counters;
        this.messagesMax = messagesMax;
    }

    /** The session with a cursor behind what it must leave out. Never fails. */
    Future<Claimed.Owned> keep(Client client, Claimed.Owned owned) {
        if (messagesMax == 0 || owned.sessionId() == 0 || !owned.sessionPresent()) {
            return Future.succeededFuture(owned);
        }
        SessionState state = owned.state();
        return TimeLimit.within(
                        client.shard().context().owner(),
                        SEARCH_MILLIS,
                        store.log().excess(waiting(owned.sessionId(), state), messagesMax))
                .map(excess -> {
                    if (excess.messages() == 0) {
                        return owned;
                    }
                    counters.dropped(Dropped.Reason.BACKLOG, (int) Math.min(Integer.MAX_VALUE, excess.messages()));
                    LOG.warn(
                            "client={} backlog too long dropped={} kept={}",
                            client.clientId(),
                            excess.messages(),
                            messagesMax);
                    LaneVector cursor = state.cursor().copy();
                    cursor.raiseAll(excess.through());
                    return new Claimed.Owned(
                            owned.sessionId(),
                            owned.epoch(),
                            owned.sessionPresent(),
                            new SessionState(cursor, state.inflight(), state.subscriptions(), state.receipts()),
                            owned.willId(),
                            owned.dueWills());
                })
                .recover(failure -> {
                    LOG.warn("client={} backlog not limited: {}", client.clientId(), failure.getMessage());
                    return Future.succeededFuture(owned);
                });
    }

    private static List<Waiting> waiting(long sessionId, SessionState state) {
        List<Waiting> waiting = new ArrayList<>();
        waiting.add(new Waiting(-sessionId, state.cursor()));
        for (StoredSubscription subscription : state.subscriptions()) {
            // What a group has waiting is the group's.
            if (subscription.filterId() != 0 && subscription.share().isEmpty()) {
                LaneVector above = state.cursor().copy();
                above.raiseAll(subscription.start());
                waiting.add(new Waiting(subscription.filterId(), above));
            }
        }
        return waiting;
    }
}
