package io.tuskmq.node.rules;

import io.tuskmq.cluster.rules.TopicFilter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The subscriptions of one session. Ordinary and shared ones are apart: a group deals the messages of the latter. */
final class OwnSubscriptions {
    private record ShareKey(String share, String filter) {}

    private final Map<String, Subscription> plain = new LinkedHashMap<>();
    private final Map<ShareKey, Subscription> shared = new LinkedHashMap<>();

    /** Ordinary subscriptions that read a persistent filter. Two never have the same one: they would have the same filter. */
    private final Map<Long, Subscription> byFilterId = new HashMap<>();

    private int withId;

    /** Stores or replaces. */
    void put(Subscription s) {
        remove(s);
        if (s.shared()) {
            shared.put(new ShareKey(s.share(), s.filter()), s);
            return;
        }
        plain.put(s.filter(), s);
        if (s.logged()) {
            byFilterId.put(s.filterId(), s);
        }
        if (s.subscriptionId() != 0) {
            withId++;
        }
    }

    /** Removes by filter and share; returns what was there. */
    @Nullable
    Subscription remove(Subscription key) {
        if (key.shared()) {
            return shared.remove(new ShareKey(key.share(), key.filter()));
        }
        Subscription old = plain.remove(key.filter());
        if (old == null) {
            return null;
        }
        if (old.logged()) {
            byFilterId.remove(old.filterId());
        }
        if (old.subscriptionId() != 0) {
            withId--;
        }
        return old;
    }

    @Nullable
    Subscription get(Subscription key) {
        return key.shared() ? shared.get(new ShareKey(key.share(), key.filter())) : plain.get(key.filter());
    }

    int size() {
        return plain.size() + shared.size();
    }

    @Nullable
    Subscription ofFilter(long filterId) {
        return byFilterId.get(filterId);
    }

    Collection<Long> filterIds() {
        return byFilterId.keySet();
    }

    boolean anyLogged() {
        return !byFilterId.isEmpty();
    }

    /** Whether a message read from the log may also match subscriptions that the log doesn't know. */
    boolean anyDirect() {
        return plain.size() > byFilterId.size();
    }

    /** All ordinary subscriptions that match the topic. */
    List<Subscription> matching(String topic) {
        List<Subscription> matching = new ArrayList<>(2);
        for (Subscription s : plain.values()) {
            if (TopicFilter.matches(s.filter(), topic)) {
                matching.add(s);
            }
        }
        return matching;
    }

    /** The subscription identifiers that a message of this topic carries. */
    List<Integer> idsFor(String topic) {
        if (withId == 0) {
            return List.of();
        }
        List<Integer> ids = new ArrayList<>(2);
        for (Subscription s : matching(topic)) {
            if (s.subscriptionId() != 0) {
                ids.add(s.subscriptionId());
            }
        }
        return ids;
    }

    List<Subscription> all() {
        List<Subscription> all = new ArrayList<>(plain.size() + shared.size());
        all.addAll(plain.values());
        all.addAll(shared.values());
        return all;
    }
}
