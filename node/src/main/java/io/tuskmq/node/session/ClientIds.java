package io.tuskmq.node.session;

import io.vertx.core.Future;

/** Where client ids are connected, among all nodes (I5). Called from any thread. */
public interface ClientIds {
    /** What a node that was asked to let go of a client id answers. */
    enum Answer {
        /** It has no connection of the id, and all that the last one left is stored. Also when it could not be waited for. */
        LET_GO,
        /** It has a newer connection of the id than the one that asks. */
        NEWER,
        /** Nobody was asked: this node's own lease is over, and others may have the id. */
        NO_LEASE
    }

    /**
     * A client id as taken.
     *
     * @param number of the newest connection of a client id: each is above all earlier ones, on whatever node. Below 0: not known to
     *     others, and lower than all that are
     * @param settled others find it; else it must be taken {@link #again}
     */
    record Taken(long number, Answer answer, boolean settled) {}

    /**
     * The client id connects here. Completes when the node where it was has let go of it, or can't be waited for any longer (then the
     * epoch fences it). Never fails.
     */
    Future<Taken> take(String clientId);

    /** The same for a connection that stands, and has that number until now. Never fails. */
    Future<Taken> again(String clientId, long number);

    /** The connection stands, and any other node may have a newer one: all are asked, until they have answered. */
    void check(String clientId, long number);

    /** The connection with the number has ended. */
    void leave(String clientId, long number);

    /** Asks a node that owns the id's session, as the store says. Never fails. */
    Future<Answer> letGo(long incarnation, String clientId, long number);
}
