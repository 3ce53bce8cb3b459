package io.tuskmq.node.session;

import io.vertx.core.Future;
import java.util.List;

/**
 * Keeps a will that one node publishes before what its client publishes after coming back on another one. Called from any thread; no future
 * fails.
 */
public interface WillPeers {
    /**
     * Wills of these clients are about to be published here. Completes when every other node knows it, so that none of the clients goes on there before
     * {@link #over}; or when some can't be waited for.
     */
    Future<Void> announce(long sweep, List<String> clientIds);

    /** Completes when every other node has handled what this one told it before this call, or can't be waited for. */
    Future<Void> passed();

    /** The clients of the sweep may go on. */
    void over(long sweep);

    /** Completes when no will of the client is on its way. At once, if so; not later than 2 s from when the last one was announced. */
    Future<Void> settled(String clientId);
}
