package io.tuskmq.cluster.rules;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Deals the messages of one shared subscription to its members: each message to one of them, in turn, to those that are there and
 * have room. Owned by the group's coordinator; not thread-safe.
 *
 * <p>Messages wait here in the order they were offered; the caller bounds them by not offering more than it wants to
 * {@linkplain #waiting() wait} (I9). Without a member that has room nothing is dealt: the log keeps what was not offered.
 *
 * @param <M> a member's key
 * @param <T> a reference to a message; equal ones are one message, so offer each once
 */
public final class GroupDealer<M, T> {
    /** A message goes to this member. */
    public record Deal<M, T>(M member, T message) {}

    /** A member and what it was dealt and has not acknowledged, with the place of each in the order. */
    private static final class Hand<M, T> {
        final M member;
        int windowMax;
        boolean writable = true;
        final Map<T, Long> unacknowledged = new HashMap<>();

        Hand(M member, int windowMax) {
            this.member = member;
            this.windowMax = windowMax;
        }

        boolean hasRoom() {
            return writable && unacknowledged.size() < windowMax;
        }
    }

    private final Map<M, Hand<M, T>> hands = new HashMap<>();
    /** Whose turn it is, in a ring; {@code turn} is the index of the next. */
    private final List<Hand<M, T>> ring = new ArrayList<>();

    private int turn;
    /** What nobody has, by its place in the order. */
    private final TreeMap<Long, T> waiting = new TreeMap<>();

    private long places;
    /** What stayed with members that have left, with the place of each in the order. */
    private final Map<T, Long> kept = new HashMap<>();

    /** A member came online, or changed its window. {@code windowMax}: how many unacknowledged messages it may hold. */
    public void joined(M member, int windowMax) {
        Hand<M, T> hand = hands.get(member);
        if (hand == null) {
            hand = new Hand<>(member, windowMax);
            hands.put(member, hand);
            ring.add(hand);
        } else {
            hand.windowMax = windowMax;
        }
    }

    /** Whether the member's connection can take more; unknown members are ignored. */
    public void writable(M member, boolean writable) {
        Hand<M, T> hand = hands.get(member);
        if (hand != null) {
            hand.writable = writable;
        }
    }

    /** A further message of the group. */
    public void offer(T message) {
        waiting.put(places++, message);
    }

    /** A message that stayed with a member when it left is to be dealt after all: it waits in its old place. */
    public void again(T message) {
        Long place = kept.remove(message);
        waiting.put(place == null ? places++ : place, message);
    }

    /** A message that stayed with a member when it left is done with. */
    public void forget(T message) {
        kept.remove(message);
    }

    /** Deals as many of the waiting messages as there is room for, oldest first. They are to be sent in the order given. */
    public List<Deal<M, T>> deal() {
        List<Deal<M, T>> deals = new ArrayList<>();
        while (!waiting.isEmpty()) {
            int next = nextWithRoom();
            if (next < 0) {
                break;
            }
            Hand<M, T> hand = ring.get(next);
            turn = (next + 1) % ring.size();
            Map.Entry<Long, T> oldest = waiting.pollFirstEntry();
            hand.unacknowledged.put(oldest.getValue(), oldest.getKey());
            deals.add(new Deal<>(hand.member, oldest.getValue()));
        }
        return deals;
    }

    /**
     * The member is done with the message: acknowledged, sent with QoS 0, or refused with a reason code of 0x80 and above (then
     * nobody else gets it [MQTT5-4.8.2-6]). Returns false when it did not hold it.
     */
    public boolean acked(M member, T message) {
        Hand<M, T> hand = hands.get(member);
        return hand != null && hand.unacknowledged.remove(message) != null;
    }

    /** The member can't deliver the message: it waits again in its old place. Returns false when it did not hold it. */
    public boolean returned(M member, T message) {
        Hand<M, T> hand = hands.get(member);
        Long place = hand == null ? null : hand.unacknowledged.remove(message);
        if (place == null) {
            return false;
        }
        waiting.put(place, message);
        return true;
    }

    /**
     * The member has left. What it had not acknowledged waits again in its old place, before all that came later.
     *
     * @param keeps which of these stay the member's own: a QoS 2 message that was sent to it must be completed with this client
     *     and go to no other [MQTT5-4.8.2-4] [MQTT5-4.8.2-5]
     * @return what stays with it, in order: for each of these {@link #again} or {@link #forget} follows
     */
    public List<T> left(M member, Predicate<? super T> keeps) {
        Hand<M, T> hand = hands.remove(member);
        if (hand == null) {
            return List.of();
        }
        int index = ring.indexOf(hand);
        ring.remove(index);
        if (index < turn) {
            turn--;
        }
        if (turn >= ring.size()) {
            turn = 0;
        }
        TreeMap<Long, T> stays = new TreeMap<>();
        hand.unacknowledged.forEach((message, place) -> (keeps.test(message) ? stays : waiting).put(place, message));
        stays.forEach((place, message) -> kept.put(message, place));
        return List.copyOf(stays.values());
    }

    /** How many messages wait for a member with room. */
    public int waiting() {
        return waiting.size();
    }

    /** How many messages the member holds unacknowledged. */
    public int held(M member) {
        Hand<M, T> hand = hands.get(member);
        return hand == null ? 0 : hand.unacknowledged.size();
    }

    /** Whether nobody is here to deal to. */
    public boolean deserted() {
        return ring.isEmpty();
    }

    private int nextWithRoom() {
        for (int i = 0; i < ring.size(); i++) {
            int index = (turn + i) % ring.size();
            if (ring.get(index).hasRoom()) {
                return index;
            }
        }
        return -1;
    }
}
