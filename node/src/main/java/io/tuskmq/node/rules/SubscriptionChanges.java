package io.tuskmq.node.rules;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * SUBSCRIBE and UNSUBSCRIBE, one after the other: the store works on one at a time, so that the last one sent is the one that counts.
 */
final class SubscriptionChanges {
    private final boolean stored;
    private final SessionLimits limits;
    private final OwnSubscriptions subscriptions;
    private final LogFollower follower;
    private final RetainedHandover retained;
    private final RouteWait routes;
    private final Effects effects;

    private final LazyQueue<Event> waiting = new LazyQueue<>();
    private @Nullable Event running;

    // Of the SUBSCRIBE that is running: what it was granted (as stored, when it is), and whom SUBACK still waits for.
    private List<Subscription> granted = List.of();
    private List<Subscription> withRetained = List.of();
    private boolean waitsForStore;
    private long waitsForRoutes;

    SubscriptionChanges(
            SessionLimits limits,
            OwnSubscriptions subscriptions,
            Followers followers,
            Effects effects,
            boolean stored) {
        this.stored = stored;
        this.limits = limits;
        this.subscriptions = subscriptions;
        this.follower = followers.follower();
        this.retained = followers.retained();
        this.routes = followers.routes();
        this.effects = effects;
    }

    /** What goes on when a subscription has changed. */
    record Followers(LogFollower follower, RetainedHandover retained, RouteWait routes) {}

    void subscribe(Event.SubscribeReceived e) {
        enqueue(e);
    }

    void unsubscribe(Event.UnsubscribeReceived e) {
        enqueue(e);
    }

    /** Most clients subscribe once. */
    void tick() {
        waiting.trim();
        if (running == null) {
            granted = List.of();
            withRetained = List.of();
        }
    }

    private void enqueue(Event e) {
        if (waiting.size() >= limits.pendingSubscribesMax()) {
            effects.disconnect(ReasonCodes.QUOTA_EXCEEDED, "too many SUBSCRIBE and UNSUBSCRIBE packets wait");
            return;
        }
        waiting.add(e);
        beginNext();
    }

    private void beginNext() {
        while (running == null && !waiting.isEmpty()) {
            Event next = waiting.remove();
            if (next instanceof Event.SubscribeReceived s) {
                begin(bounded(s));
            } else if (next instanceof Event.UnsubscribeReceived u) {
                begin(u);
            }
        }
    }

    // --- SUBSCRIBE

    /** Refuses those that would be too many; one that is there may be replaced. */
    private Event.SubscribeReceived bounded(Event.SubscribeReceived e) {
        if (subscriptions.size() + e.subscriptions().size() <= limits.subscriptionsMax()) {
            return e;
        }
        Set<List<String>> fresh = new HashSet<>();
        List<Integer> refused = new ArrayList<>(e.refused());
        for (int i = 0; i < refused.size(); i++) {
            Subscription s = e.subscriptions().get(i);
            List<String> key = List.of(s.share(), s.filter());
            if (refused.get(i) != 0 || subscriptions.get(s) != null || fresh.contains(key)) {
                continue;
            }
            if (subscriptions.size() + fresh.size() < limits.subscriptionsMax()) {
                fresh.add(key);
            } else {
                refused.set(i, ReasonCodes.QUOTA_EXCEEDED);
            }
        }
        return new Event.SubscribeReceived(e.packetId(), e.subscriptions(), refused);
    }

    private void begin(Event.SubscribeReceived e) {
        running = e;
        granted = granted(e);
        waitsForStore = stored && !granted.isEmpty();
        waitsForRoutes = 0;
        boolean routed = false;
        for (Subscription s : granted) {
            // One that is there keeps its route until the new one is stored: else its messages would lose their way
            // meanwhile.
            // A member of a group is dealt nothing before it is stored: it would have to give it back.
            if (subscriptions.get(s) == null && !(stored && s.shared())) {
                effects.add(new Effect.AddRoute(s));
                routed = true;
            }
        }
        if (routed) {
            waitsForRoutes = routes.ask();
        }
        if (waitsForStore) {
            if (granted.stream().anyMatch(this::bringsNewRows)) {
                follower.hold();
            }
            effects.add(new Effect.StoreSubscriptions(e.packetId(), granted));
        } else {
            take();
        }
        finishIfDone();
    }

    void routesApplied() {
        finishIfDone();
        beginNext();
    }

    private void finishIfDone() {
        if (running instanceof Event.SubscribeReceived request && !waitsForStore && routes.isAnswered(waitsForRoutes)) {
            running = null;
            finish(request);
        }
    }

    /** In their order; of those for the same filter the last one [MQTT-3.8.4-4] [MQTT5-3.8.4-5]. */
    private static List<Subscription> granted(Event.SubscribeReceived e) {
        Map<List<String>, Subscription> granted = new LinkedHashMap<>();
        for (int i = 0; i < e.subscriptions().size(); i++) {
            if (e.refused().get(i) == 0) {
                Subscription s = e.subscriptions().get(i);
                granted.put(List.of(s.share(), s.filter()), s);
            }
        }
        return List.copyOf(granted.values());
    }

    private boolean bringsNewRows(Subscription s) {
        Subscription old = subscriptions.get(s);
        return !s.shared() && s.qos() > 0 && (old == null || !old.logged());
    }

    /** [MQTT-3.8.4-1] SUBACK comes only now: no later append can miss the subscription (I7). */
    void stored(Event.Subscribed e) {
        if (!(running instanceof Event.SubscribeReceived) || !waitsForStore) {
            return;
        }
        if (e.stored().isEmpty()) {
            lost();
            return;
        }
        granted = e.stored();
        waitsForStore = false;
        take();
        follower.goOn();
        finishIfDone();
        beginNext();
    }

    /** The subscriptions are the session's from now on; a route that leads to the log is known to all nodes before the session goes live. */
    private void take() {
        withRetained = new ArrayList<>(0);
        boolean routed = false;
        for (Subscription s : granted) {
            boolean existed = subscriptions.get(s) != null;
            if (!s.shared() && (s.retainHandling() == 0 || (s.retainHandling() == 1 && !existed))) {
                withRetained.add(s);
            }
            subscriptions.put(s);
            if (stored || existed) {
                effects.add(new Effect.AddRoute(s));
                routed |= s.logged();
            }
        }
        if (routed) {
            routes.ask();
        }
    }

    private void finish(Event.SubscribeReceived e) {
        List<Integer> reasons = new ArrayList<>(e.subscriptions().size());
        for (int i = 0; i < e.subscriptions().size(); i++) {
            int refused = e.refused().get(i);
            reasons.add(refused != 0 ? refused : e.subscriptions().get(i).qos());
        }
        effects.add(new Effect.SendSubAck(e.packetId(), reasons));
        for (Subscription s : withRetained) {
            if (s.logged()) {
                effects.add(new Effect.SendRetained(s));
            } else {
                retained.add(s);
            }
        }
        withRetained = List.of();
    }

    // --- UNSUBSCRIBE

    private void begin(Event.UnsubscribeReceived e) {
        if (stored) {
            running = e;
            effects.add(new Effect.DeleteSubscriptions(e.packetId(), e.keys()));
            return;
        }
        List<Boolean> existed = new ArrayList<>(e.keys().size());
        for (Subscription key : e.keys()) {
            existed.add(subscriptions.get(key) != null);
        }
        finish(e, existed);
    }

    void deleted(Event.Unsubscribed e) {
        if (!(running instanceof Event.UnsubscribeReceived request)) {
            return;
        }
        if (e.existed().isEmpty()) {
            lost();
            return;
        }
        running = null;
        finish(request, e.existed());
        beginNext();
    }

    private void finish(Event.UnsubscribeReceived e, List<Boolean> existed) {
        List<Integer> reasons = new ArrayList<>(e.keys().size());
        for (int i = 0; i < e.keys().size(); i++) {
            Subscription old = subscriptions.remove(e.keys().get(i));
            if (old != null) {
                effects.add(new Effect.RemoveRoute(old));
            }
            reasons.add(existed.get(i) ? ReasonCodes.SUCCESS : ReasonCodes.NO_SUBSCRIPTION_EXISTED);
        }
        effects.add(new Effect.SendUnsubAck(e.packetId(), reasons));
    }

    private void lost() {
        effects.disconnect(ReasonCodes.SESSION_TAKEN_OVER, "session taken over");
    }
}
