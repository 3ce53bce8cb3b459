package io.tuskmq.node.rules;

import io.tuskmq.storage.Message;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One message as this client gets it.
 *
 * @param logId where it lies in the log, 0 if it doesn't
 * @param filterId under which filter it lies there; negative: in the session's private queue
 * @param deal when the group of a shared subscription dealt it: it doesn't count for the cursor
 * @param qos as delivered: never above that of the publish or of the subscriptions
 */
record Delivery(
        long logId,
        long filterId,
        Message message,
        int qos,
        boolean retain,
        List<Integer> subscriptionIds,
        @Nullable Deal deal) {
    Delivery(long logId, long filterId, Message message, int qos, boolean retain, List<Integer> subscriptionIds) {
        this(logId, filterId, message, qos, retain, subscriptionIds, null);
    }
}
