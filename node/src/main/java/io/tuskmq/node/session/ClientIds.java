package io.tuskmq.node.session;

import io.tuskmq.node.rules.Claimant;
import io.vertx.core.Future;
import java.util.function.LongConsumer;

/** Where client ids are connected, among all nodes (I5). Called from any thread. */
public interface ClientIds {
    /** What a node that was asked to let go of a client id answers. */
    enum Answer {
        /** It has no connection of the id, and all that the last one left is stored. Also when it could not be waited for. */
        LET_GO,
        /** It has a newer connection of the id than the one that asks. */
        NEWER,
        /** It has a connection of somebody who has proved to be another user, and who keeps the id. */
        ANOTHERS,
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
     *
     * @param numbered gets the connection's number as soon as it is known; not where nobody is asked
     */
    Future<Taken> take(Claimant claimant, LongConsumer numbered);

    /** The same for a connection that stands, and has that number until now. Never fails. */
    Future<Taken> again(Claimant claimant, long number);

    /** The connection stands, and any other node may have a newer one: all are asked, until they have answered. */
    void check(Claimant claimant, long number);

    /** The connection with the number has ended. */
    void leave(Claimant claimant, long number);

    /** The connection here, which has that number, stays: what another node took with the number {@code taken} is noted here again. */
    void keep(Claimant claimant, long taken, long number);

    /** Asks a node that owns the id's session, as the store says. Never fails. */
    Future<Answer> letGo(long incarnation, Claimant claimant, long number);
}
