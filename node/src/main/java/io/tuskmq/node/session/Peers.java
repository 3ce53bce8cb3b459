package io.tuskmq.node.session;

import io.tuskmq.storage.Message;
import io.vertx.core.Future;

/** The other nodes, as routing sees them: a bit each in the masks of {@link Route}. Called from any thread. */
public interface Peers {
    /** This node's subscribers behind a filter have changed: {@code Cluster.DIRECT}, {@code Cluster.LOGGED}. In order for each filter. */
    void routeChanged(String filter, int flags);

    /** Completes when every other node has applied what {@link #routeChanged} said before this call. */
    Future<Void> routesApplied();

    /** Sends the message to these nodes' subscribers that are served at once. */
    void direct(long mask, Message message);

    /** Whether one of these nodes takes direct messages too slowly: who publishes to it should wait. Never for long when it takes none. */
    boolean isSlow(long mask);

    /** What keeps wills before what their clients publish later. */
    WillPeers wills();

    /** This message of the batch that was just committed is for these nodes' sessions that follow the log. On the lane's thread, in order. */
    void logged(int lane, long id, Message message, long mask);

    /**
     * The whole batch was handed over by {@link #logged}. On the lane's thread.
     *
     * @param before the lane's head before the batch, {@code head} after it
     */
    void committed(int lane, long before, long head);
}
