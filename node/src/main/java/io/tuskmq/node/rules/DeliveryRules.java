package io.tuskmq.node.rules;

import io.tuskmq.storage.LogReader.Logged;
import io.tuskmq.storage.Message;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a message is delivered to one session. Of subscriptions that overlap, the client gets one copy, with the highest of their
 * maximum QoS [MQTT-3.3.5-1] [MQTT5-3.3.4-2] and all their identifiers [MQTT5-3.3.4-4]; RETAIN is kept as published when one of them
 * asks for it [MQTT5-3.3.1-13].
 */
final class DeliveryRules {
    private final OwnSubscriptions subscriptions;
    private final boolean stored;
    private final long publisherId;
    private final Rights rights;

    // What fold() has gathered of the subscriptions of one message.
    private int qosMax;
    private boolean retainAsPublished;
    private long filterId;
    private List<Integer> ids = List.of();

    DeliveryRules(OwnSubscriptions subscriptions, boolean stored, long publisherId, Rights rights) {
        this.subscriptions = subscriptions;
        this.stored = stored;
        this.publisherId = publisherId;
        this.rights = rights;
    }

    /** A message that is not in the log, or null when this session doesn't get it. */
    @Nullable
    Delivery direct(Message message, List<Subscription> matching) {
        begin();
        for (int i = 0; i < matching.size(); i++) {
            Subscription s = subscriptions.get(matching.get(i));
            // What a logged subscription gets with QoS 1 or 2 comes from the log, once.
            if (s != null && !(stored && s.logged() && message.qos() > 0)) {
                fold(message, s);
            }
        }
        return result(0, message);
    }

    /** A row of the log that was forwarded, or null when this session doesn't get it. */
    @Nullable
    Delivery forwarded(long logId, Message message, List<Subscription> matching) {
        if (matching.isEmpty()) {
            return ofPrivateQueue(logId, -publisherId, message);
        }
        begin();
        for (int i = 0; i < matching.size(); i++) {
            // The session's own state is the truth: a subscription may have gone or changed since the message was
            // matched.
            Subscription s = subscriptions.get(matching.get(i));
            if (s != null && !s.start().covers(logId)) {
                fold(message, s);
            }
        }
        return filterId == 0 ? null : result(logId, message);
    }

    /** A row of the log that was read, or null when this session doesn't get it. */
    @Nullable
    Delivery read(Logged row) {
        begin();
        for (long id : row.filterIds()) {
            if (id < 0) {
                return ofPrivateQueue(row.id(), id, row.message());
            }
            Subscription s = subscriptions.ofFilter(id);
            if (s != null && !s.start().covers(row.id())) {
                fold(row.message(), s);
            }
        }
        if (filterId == 0) {
            return null;
        }
        if (subscriptions.anyDirect()) {
            for (Subscription s : subscriptions.matching(row.message().topic())) {
                if (!s.logged()) {
                    fold(row.message(), s);
                }
            }
        }
        return result(row.id(), row.message());
    }

    /** A retained message for a new subscription that is served directly [MQTT-3.3.1-8] [MQTT5-3.3.1-9]: RETAIN is set. */
    @Nullable
    Delivery retained(Message message, Subscription subscription) {
        begin();
        fold(message, subscription);
        return qosMax < 0 ? null : new Delivery(0, 0, message, Math.min(qosMax, message.qos()), true, ids, true);
    }

    /** Whether the client may have what a group dealt to it. */
    boolean mayReceive(Event.Dealt e) {
        return rights.mayReceive(e.message().topic(), e.subscription().qos());
    }

    /** A message that a group dealt to this session, or null when the subscription has gone. */
    @Nullable
    Delivery dealt(Event.Dealt e) {
        Subscription s = subscriptions.get(e.subscription());
        if (s == null) {
            return null;
        }
        Message message = e.message();
        return new Delivery(
                e.logId(),
                e.filterId(),
                message,
                Math.min(s.qos(), message.qos()),
                message.retain() && s.retainAsPublished(),
                s.subscriptionId() == 0 ? List.of() : List.of(s.subscriptionId()),
                false,
                e.deal());
    }

    /** A copy of a retained message: QoS, and in its properties the subscription identifier, are settled. */
    private @Nullable Delivery ofPrivateQueue(long logId, long filterId, Message message) {
        // The copy's QoS is the lower one of the message's and the subscription's, which isn't known here.
        boolean may = false;
        for (int qos = message.qos(); qos <= 2 && !may; qos++) {
            may = rights.mayReceive(message.topic(), qos);
        }
        if (!may) {
            return null;
        }
        return new Delivery(logId, filterId, message, message.qos(), true, List.of(), false);
    }

    private void begin() {
        qosMax = -1;
        retainAsPublished = false;
        filterId = 0;
        ids = List.of();
    }

    private void fold(Message message, Subscription s) {
        // A group deals the messages of a shared subscription; [MQTT5-3.8.3-3] no-local.
        if (s.shared()
                || (s.noLocal() && message.publisher() == publisherId)
                || !rights.mayReceive(message.topic(), s.qos())) {
            return;
        }
        qosMax = Math.max(qosMax, s.qos());
        retainAsPublished |= s.retainAsPublished();
        if (s.logged() && filterId == 0) {
            filterId = s.filterId();
        }
        if (s.subscriptionId() != 0) {
            if (ids.isEmpty()) {
                ids = List.of(s.subscriptionId());
            } else {
                ids = new ArrayList<>(ids);
                ids.add(s.subscriptionId());
            }
        }
    }

    private @Nullable Delivery result(long logId, Message message) {
        if (qosMax < 0) {
            return null;
        }
        // [MQTT-3.3.1-9] [MQTT5-3.3.1-12] RETAIN is 0 for a subscription that was there before, unless it asks
        // otherwise.
        boolean retain = message.retain() && retainAsPublished;
        return new Delivery(
                logId, logId == 0 ? 0 : filterId, message, Math.min(qosMax, message.qos()), retain, ids, false);
    }
}
