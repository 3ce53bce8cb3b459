package io.tuskmq.node.session;

import io.tuskmq.cluster.rules.TopicFilter;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.LazyMap;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.Append;
import io.tuskmq.storage.LaneWriter;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Retained;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Store;
import io.vertx.core.Future;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings the retained messages of new subscriptions to one session, page by page. For a subscription that reads the log they become
 * durable copies in the session's private queue, and are read from there: promised like any other message, they survive like any other.
 * For others they are handed over as they are.
 */
final class RetainedReader {
    private static final int PAGE = 100;
    /** MQTT 5, 2.2.2.2: a variable byte integer follows. */
    private static final int SUBSCRIPTION_IDENTIFIER = 0x0B;

    private final SessionRunner runner;
    private final Store store;
    private final SysTopics sysTopics;
    private final LaneWriter lane;
    /** The hand-over of each filter that is under way. */
    private final LazyMap<String, Subscription> running = new LazyMap<>();

    /** Where to go on, by filter: subscriptions whose next page the session has not asked for yet. */
    private final LazyMap<String, String> resting = new LazyMap<>();

    RetainedReader(SessionRunner runner, Store store, SysTopics sysTopics, LaneWriter lane) {
        this.runner = runner;
        this.store = store;
        this.sysTopics = sysTopics;
        this.lane = lane;
    }

    /** Begins after the topic (empty: with everything). A newer hand-over of the same filter takes the place of an older one. */
    void begin(Subscription subscription, String after) {
        running.put(subscription.filter(), subscription);
        read(subscription, after);
    }

    /** Whether the hand-over goes on: the session has the subscription still, and no newer hand-over has begun. */
    @SuppressWarnings("ReferenceEquality") // the same subscription may be made anew, which begins anew
    private boolean goesOn(Subscription subscription) {
        return running.get(subscription.filter()) == subscription && runner.has(subscription);
    }

    /**
     * The subscription has gone, or was made anew [MQTT-3.10.4-2]. Where messages are handed over as they are, the session waits for the end of
     * one hand-over before it begins the next.
     */
    @SuppressWarnings("ReferenceEquality") // as above
    private void giveUp(Subscription subscription) {
        if (running.get(subscription.filter()) == subscription) {
            running.remove(subscription.filter());
            resting.remove(subscription.filter());
        }
        if (!subscription.logged()) {
            runner.on(new Event.RetainedArrived(
                    subscription, List.of(), true, runner.shard().nowMillis()));
        }
    }

    private void read(Subscription subscription, String after) {
        if (!goesOn(subscription)) {
            giveUp(subscription);
            return;
        }
        if (sysTopics.owns(subscription.filter())) {
            take(subscription, new Retained.Page(sysTopics.retained(subscription.filter()), null));
        } else {
            runner.ask(
                    () -> store.retained().find(subscription.filter(), after, PAGE), page -> take(subscription, page));
        }
    }

    /** The session has room for the next page. */
    void more(Subscription subscription) {
        String after = resting.remove(subscription.filter());
        if (after == null) {
            giveUp(subscription);
        } else {
            read(subscription, after);
        }
    }

    private void take(Subscription subscription, Retained.Page page) {
        if (!goesOn(subscription)) {
            giveUp(subscription);
            return;
        }
        List<Message> matching = page.messages().stream()
                .filter(message -> TopicFilter.matches(subscription.filter(), message.topic()))
                .toList();
        String next = page.nextAfter();
        if (subscription.logged()) {
            long number = runner.nextNumber();
            if (matching.isEmpty()) {
                progress(subscription, next);
                return;
            }
            runner.on(new Event.CopiesBegun());
            List<Future<Void>> copies = new ArrayList<>(matching.size());
            matching.forEach(message -> copies.add(copy(subscription, number, message)));
            Future.all(copies)
                    .onSuccess(all -> runner.shard().post(() -> {
                        copies.forEach(copy -> runner.answered());
                        runner.on(new Event.CopiesMade());
                        progress(subscription, next);
                    }));
        } else {
            if (next != null) {
                resting.put(subscription.filter(), next);
            } else {
                running.remove(subscription.filter());
            }
            runner.on(new Event.RetainedArrived(
                    subscription, matching, next == null, runner.shard().nowMillis()));
        }
    }

    private void progress(Subscription subscription, @Nullable String next) {
        if (!goesOn(subscription)) {
            giveUp(subscription);
            return;
        }
        if (next == null) {
            running.remove(subscription.filter());
        }
        SessionRunner.Identity identity = runner.identity();
        var key = new Sessions.SubscriptionKey(subscription.filter(), subscription.share());
        long number = runner.nextNumber();
        runner.write(
                () -> store.sessions().retainedProgress(identity.sessionId(), identity.epoch(), number, key, next),
                () -> {
                    if (next != null) {
                        read(subscription, next);
                    }
                });
    }

    /** Completes when it is decided, also for one that was not to be copied any more; where the log can't take it, the lane has told why. */
    private Future<Void> copy(Subscription subscription, long number, Message message) {
        SessionRunner.Identity identity = runner.identity();
        RetainedCopy copy = new RetainedCopy(new Append.Handover(
                identity.sessionId(),
                identity.epoch(),
                number,
                subscription.filter(),
                subscription.qos(),
                subscriptionIdProperty(subscription.subscriptionId()),
                message));
        runner.asked();
        lane.append(copy);
        return copy.done();
    }

    /** The identifier travels with the copy, as the property that it will be [MQTT5-3.3.4-3]. */
    private static byte[] subscriptionIdProperty(int subscriptionId) {
        ByteArrayOutputStream property = new ByteArrayOutputStream(5);
        if (subscriptionId != 0) {
            property.write(SUBSCRIPTION_IDENTIFIER);
            int rest = subscriptionId;
            for (; rest >= 0x80; rest >>>= 7) {
                property.write((rest & 0x7F) | 0x80);
            }
            property.write(rest);
        }
        return property.toByteArray();
    }
}
