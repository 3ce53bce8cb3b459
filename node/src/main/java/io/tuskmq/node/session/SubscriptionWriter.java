package io.tuskmq.node.session;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.SessionStart;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.Sessions;
import java.util.List;
import java.util.Optional;

/** Stores and deletes the subscriptions of one stored session. */
final class SubscriptionWriter {
    private final SessionRunner runner;
    private final Sessions sessions;
    private final StoreCalls calls;
    private final Groups groups;

    SubscriptionWriter(SessionRunner runner, Broker broker, StoreCalls calls) {
        this.runner = runner;
        this.sessions = broker.store().sessions();
        this.calls = calls;
        this.groups = broker.groups();
    }

    /** Stores them, and their groups first: SUBACK waits until a group follows the log, so that nothing after it is missed (I7). */
    void store(int packetId, List<Subscription> subscriptions) {
        List<Subscription> shared = subscriptions.stream()
                .filter(subscription -> subscription.shared() && subscription.qos() > 0)
                .toList();
        if (shared.isEmpty()) {
            storeRows(packetId, subscriptions);
            return;
        }
        runner.asked();
        shared.forEach(runner::joins);
        groups.open(runner, shared)
                .onSuccess(open -> runner.shard().post(() -> {
                    runner.answered();
                    if (!runner.isEnded()) {
                        storeRows(packetId, subscriptions);
                    }
                }));
    }

    private void storeRows(int packetId, List<Subscription> subscriptions) {
        List<Sessions.StoredSubscription> rows =
                subscriptions.stream().map(this::toRow).toList();
        SessionRunner.Identity identity = runner.identity();
        long number = calls.nextNumber();
        runner.ask(() -> sessions.subscribe(identity.sessionId(), identity.epoch(), number, rows), stored -> {
            if (stored.isEmpty()) {
                runner.lost();
            } else {
                runner.on(new Event.Subscribed(
                        packetId,
                        stored.stream().map(SessionStart::subscription).toList()));
            }
        });
    }

    private Sessions.StoredSubscription toRow(Subscription subscription) {
        // One that was lowered to QoS 0 goes on reading the log, and gets its retained messages from there.
        Optional<Subscription> old = runner.allSubscriptions().stream()
                .filter(one -> one.filter().equals(subscription.filter())
                        && one.share().equals(subscription.share()))
                .findAny();
        boolean logged =
                subscription.qos() > 0 || old.filter(Subscription::logged).isPresent();
        boolean wantsRetained =
                subscription.retainHandling() == 0 || (subscription.retainHandling() == 1 && old.isEmpty());
        return new Sessions.StoredSubscription(
                subscription.filter(),
                subscription.share(),
                subscription.qos(),
                subscription.noLocal(),
                subscription.retainAsPublished(),
                subscription.retainHandling(),
                subscription.subscriptionId(),
                subscription.filterId(),
                subscription.start(),
                wantsRetained && logged && !subscription.shared() ? "" : null);
    }

    void delete(int packetId, List<Subscription> subscriptions) {
        List<Sessions.SubscriptionKey> keys = subscriptions.stream()
                .map(subscription -> new Sessions.SubscriptionKey(subscription.filter(), subscription.share()))
                .toList();
        SessionRunner.Identity identity = runner.identity();
        long number = calls.nextNumber();
        runner.ask(() -> sessions.unsubscribe(identity.sessionId(), identity.epoch(), number, keys), existed -> {
            if (existed.isEmpty()) {
                runner.lost();
            } else {
                runner.on(new Event.Unsubscribed(packetId, existed));
            }
        });
    }
}
