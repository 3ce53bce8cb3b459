package io.tuskmq.storage;

import io.vertx.core.Future;
import java.util.List;

/** Wills of connections whose session is not stored, and all wills that are due. */
public interface Wills {
    /**
     * A will to be published now, by an {@link Append} that carries its id: the append consumes it, exactly once (I8).
     *
     * @param message its publisher is the session of its connection, 0 when that was not stored
     * @param messageExpirySeconds the will's Message Expiry Interval, counted from its publication; 0 = none
     */
    record DueWill(long willId, String clientId, Message message, long messageExpirySeconds) {}

    /** Due wills, oldest first, at most {@code limit}. Several nodes may see the same one. */
    Future<List<DueWill>> due(int limit);

    /** Ends the will of a connection without a stored session. */
    Future<Void> apply(long willId, Sessions.WillAction action);
}
