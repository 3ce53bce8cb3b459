package io.tuskmq.node.rules;

import io.tuskmq.storage.Message;
import org.jspecify.annotations.Nullable;

/** Retained messages for new subscriptions that are served directly: one subscription at a time, one page at a time, as the queue has room. */
final class RetainedHandover {
    private final OwnSubscriptions subscriptions;
    private final DeliveryRules rules;
    private final OutgoingQueue queue;
    private final Effects effects;

    private final LazyQueue<Subscription> waiting = new LazyQueue<>();
    private @Nullable Subscription active;
    private boolean asked;

    RetainedHandover(OwnSubscriptions subscriptions, DeliveryRules rules, OutgoingQueue queue, Effects effects) {
        this.subscriptions = subscriptions;
        this.rules = rules;
        this.queue = queue;
        this.effects = effects;
    }

    void add(Subscription subscription) {
        waiting.removeIf(s -> s.filter().equals(subscription.filter()));
        waiting.add(subscription);
    }

    /** Most clients subscribe once. */
    void tick() {
        waiting.trim();
    }

    /** Whether some are still to come: what is delivered directly must not overtake them. */
    boolean isActive() {
        return active != null;
    }

    void askIfDue() {
        if (asked || !queue.isLow() || !queue.isWritable()) {
            return;
        }
        Subscription current = active;
        if (current != null && subscriptions.get(current) != null) {
            asked = true;
            effects.add(new Effect.MoreRetained(current));
            return;
        }
        active = waiting.poll();
        if (active != null) {
            asked = true;
            effects.add(new Effect.SendRetained(active));
        }
    }

    void arrived(Event.RetainedArrived e) {
        asked = false;
        Subscription subscription = e.subscription();
        if (e.last()) {
            active = null;
        }
        if (subscriptions.get(subscription) == null) {
            return; // [MQTT-3.10.4-2] unsubscribed meanwhile.
        }
        for (Message message : e.messages()) {
            Delivery d = rules.retained(message, subscription);
            if (d != null) {
                queue.offer(d);
            }
        }
    }
}
