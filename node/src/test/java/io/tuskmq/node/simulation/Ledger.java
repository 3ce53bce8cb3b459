package io.tuskmq.node.simulation;

import io.tuskmq.storage.Message;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** What was promised and what came: fails at the first broken promise. */
final class Ledger {
    /** One message: who published it, where, with which QoS, and the how-many-th of that publisher it is. */
    record Key(String publisher, String topic, int qos, int number) {
        Message message(long publisherId) {
            byte[] payload = (publisher + " " + topic + " " + qos + " " + number).getBytes(StandardCharsets.UTF_8);
            return new Message(topic, payload, qos, false, new byte[0], 0, publisherId);
        }

        static Key of(Message message) {
            String[] parts = new String(message.payload(), StandardCharsets.UTF_8).split(" ", -1);
            return new Key(parts[0], parts[1], Integer.parseInt(parts[2]), Integer.parseInt(parts[3]));
        }
    }

    static final class Violation extends AssertionError {
        private static final long serialVersionUID = 1L;

        Violation(String what) {
            super(what);
        }
    }

    /** What keeps its order; {@code connection} is the publisher's, where its connections don't share a lane. */
    private record Stream(
            String subscriber, String publisher, int connection, String topic, int publishedQos, int deliveredQos) {}

    private record Receipt(String subscriber, Key key) {}

    private final Map<Key, Integer> taken = new HashMap<>();
    private final Map<Key, Integer> takenBy = new HashMap<>();
    private final Map<Key, Integer> committed = new HashMap<>();
    private final Map<Receipt, Integer> delivered = new HashMap<>();
    private final Set<Receipt> deliveredExactlyOnce = new HashSet<>();
    private final Map<Stream, Integer> last = new HashMap<>();
    /** What must come, and because of which subscriptions. */
    private final Map<Receipt, Set<String>> expected = new LinkedHashMap<>();

    private final Set<Key> acked = new HashSet<>();
    private final Map<String, Set<String>> subAcked = new HashMap<>();
    private final Map<String, Set<String>> cleanSubAcked = new HashMap<>();
    private long deliveries;

    /** The broker took it in, for the first time or again. */
    void taken(Key key, int connection) {
        if (taken.merge(key, 1, Integer::sum) == 1 && key.qos() > 0) {
            expectsOf(cleanSubAcked, key);
        }
        takenBy.put(key, connection);
    }

    /** The store has committed it; QoS 2 of a kept session at most once (I3). */
    void committed(Key key, boolean exactlyOnce) {
        int times = committed.merge(key, 1, Integer::sum);
        check(times == 1 || key.qos() != 2 || !exactlyOnce, "QoS 2 message committed twice: " + key);
    }

    /** At its commit this stored session was subscribed: it must get it (I2). */
    void expects(String subscriber, String filter, Key key) {
        expected.computeIfAbsent(new Receipt(subscriber, key), r -> new HashSet<>())
                .add(filter);
    }

    /** A client that is to be remembered heard that it is subscribed (I7). */
    void subAcked(String subscriber, String filter) {
        subAcked.computeIfAbsent(subscriber, s -> new HashSet<>()).add(filter);
    }

    /** A clean client that nothing will disturb heard that it is subscribed (I7): what is published from now on comes. */
    void cleanSubAcked(String subscriber, String filter) {
        cleanSubAcked.computeIfAbsent(subscriber, s -> new HashSet<>()).add(filter);
    }

    /** It is giving the subscription up. */
    void unsubscribing(String subscriber, String filter) {
        subAcked.getOrDefault(subscriber, new HashSet<>()).remove(filter);
    }

    /** Whoever saw a SUBACK for its topic must get it. */
    void expectsOfSubAcks(Key key) {
        expectsOf(subAcked, key);
    }

    private void expectsOf(Map<String, Set<String>> subscribed, Key key) {
        subscribed.forEach((subscriber, filters) -> {
            for (String filter : filters) {
                if (Topics.matches(filter, key.topic())) {
                    expects(subscriber, filter, key);
                }
            }
        });
    }

    /** The session gave the subscription up: what it has not got because of it, it need not get. */
    void expectsNoMore(String subscriber, String filter) {
        expected.entrySet().removeIf(e -> {
            boolean open = e.getKey().subscriber().equals(subscriber) && !delivered.containsKey(e.getKey());
            return open && e.getValue().remove(filter) && e.getValue().isEmpty();
        });
    }

    /** PUBACK or PUBREC came to the publisher: only after the commit (I1). */
    void acked(Key key) {
        acked.add(key);
        check(committed.containsKey(key), "acknowledged and not committed: " + key);
    }

    /** The client's application got it. */
    void delivered(String subscriber, Key key, int qos) {
        deliveries++;
        int times = delivered.merge(new Receipt(subscriber, key), 1, Integer::sum);
        // A subscription that was raised to QoS 2 meanwhile may bring again what had come with QoS 1.
        check(
                qos != 2 || deliveredExactlyOnce.add(new Receipt(subscriber, key)),
                "QoS 2 message delivered twice to " + subscriber + ": " + key);
        if (times > 1) {
            return;
        }
        // Order of first deliveries (I6). A message that the publisher sent again may come late to whoever subscribed
        // in between.
        var stream = new Stream(subscriber, key.publisher(), takenBy.getOrDefault(key, 0), key.topic(), key.qos(), qos);
        int before = last.getOrDefault(stream, -1);
        boolean sentOnce = taken.getOrDefault(key, 0) == 1;
        check(before < key.number() || !sentOnce, "number " + key.number() + " after " + before + " in " + stream);
        last.put(stream, Math.max(before, key.number()));
    }

    /** Somebody of a group got it. */
    void reached(String group, Key key) {
        delivered.merge(new Receipt(group, key), 1, Integer::sum);
    }

    /** When all is quiet: nothing that was promised is missing. */
    void checkComplete() {
        for (Receipt r : expected.keySet()) {
            check(delivered.containsKey(r), "never delivered to " + r.subscriber() + ": " + r.key());
        }
    }

    boolean isComplete() {
        return delivered.keySet().containsAll(expected.keySet());
    }

    int acks() {
        return acked.size();
    }

    long deliveries() {
        return deliveries;
    }

    static void check(boolean holds, Supplier<String> what) {
        if (!holds) {
            throw new Violation(what.get());
        }
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new Violation(what);
        }
    }
}
