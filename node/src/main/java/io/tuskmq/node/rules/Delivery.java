package io.tuskmq.node.rules;

import io.tuskmq.storage.Message;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One message as this client gets it.
 *
 * @param logId where it lies in the log, 0 if it doesn't
 * @param filterId under which filter it lies there; negative: in the session's private queue
 * @param qos as delivered: never above that of the publish or of the subscriptions
 * @param asked it came because there was room and we asked for it: it doesn't count as coming too fast
 * @param deal when the group of a shared subscription dealt it: it doesn't count for the cursor
 */
record Delivery(
        long logId,
        long filterId,
        Message message,
        int qos,
        boolean retain,
        List<Integer> subscriptionIds,
        boolean asked,
        @Nullable Deal deal) {
    Delivery(
            long logId,
            long filterId,
            Message message,
            int qos,
            boolean retain,
            List<Integer> subscriptionIds,
            boolean asked) {
        this(logId, filterId, message, qos, retain, subscriptionIds, asked, null);
    }
}
