package io.tuskmq.node.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What members of shared subscriptions got: each message is for one of them, and one of QoS 2 for one alone. */
final class GroupLedger {
    /** What one member may belong to: groups that have no topic in common, so that a topic tells the group. */
    static final List<List<String>> CHOICES =
            List.of(List.of("$share/g/a/+"), List.of("$share/h/#"), List.of("$share/g/a/+", "$share/g/b"));

    /** What was committed so shortly before or after an UNSUBSCRIBE may have been on its way to that member. */
    private static final long GIVEN_UP_MILLIS = 1_000;

    private record Stream(String member, String publisher, String topic, int publishedQos, int deliveredQos) {}

    private record Dealt(String group, Ledger.Key key) {}

    private final Schedule schedule;
    private final Ledger ledger;
    /** Nothing goes wrong in the run, so that nothing excuses that a message comes to two members. */
    private final boolean calm;
    /** No client is disturbed either: nothing is dealt a second time. */
    private final boolean orderly;

    private final Map<Dealt, String> takenBy = new HashMap<>();
    private final Set<Dealt> dealtExactlyOnce = new HashSet<>();
    private final Map<String, Set<String>> subAcked = new HashMap<>();
    /** A group in memory and the stored one that follows it may deal at the same time. */
    private boolean mixed;

    private final Map<Stream, Integer> lastNumbers = new HashMap<>();
    private final Map<Ledger.Key, Long> committedAt = new HashMap<>();
    private final Map<String, List<Long>> givenUpAt = new HashMap<>();
    private long deliveries;

    GroupLedger(Schedule schedule, Ledger ledger, boolean calm, boolean orderly) {
        this.schedule = schedule;
        this.ledger = ledger;
        this.calm = calm;
        this.orderly = orderly;
    }

    /** There is a member that is not stored. */
    void hasCleanMember() {
        mixed = true;
    }

    static boolean isGroup(String name) {
        return name.startsWith("$share/");
    }

    static String share(String name) {
        return isGroup(name) ? name.split("/", 3)[1] : "";
    }

    static String filter(String name) {
        return isGroup(name) ? name.split("/", 3)[2] : name;
    }

    private static String groupOf(Set<String> groups, Ledger.Key key) {
        List<String> matching = groups.stream()
                .filter(group -> Topics.matches(filter(group), key.topic()))
                .toList();
        Ledger.check(matching.size() == 1, "a member of " + groups + " got " + key);
        return matching.getFirst();
    }

    /** A stored member has seen SUBACK: from now on the group misses nothing (I7), as long as a member stands. */
    void subAcked(String member, String group) {
        subAcked.computeIfAbsent(group, g -> new HashSet<>()).add(member);
        ledger.subAcked(group, filter(group));
    }

    /** The same for a clean member that nothing will disturb. */
    void cleanSubAcked(String group) {
        ledger.cleanSubAcked(group, filter(group));
    }

    void unsubscribing(String member, String group) {
        givenUpAt.computeIfAbsent(group, g -> new ArrayList<>()).add(schedule.now());
        Set<String> standing = subAcked.getOrDefault(group, new HashSet<>());
        if (standing.remove(member) && standing.isEmpty()) {
            ledger.unsubscribing(group, filter(group));
        }
    }

    /** The group's session was removed. */
    void removed(String group) {
        Set<String> standing = subAcked.getOrDefault(group, Set.of());
        Ledger.check(standing.isEmpty(), group + " was removed, which has the members " + standing);
    }

    /**
     * Sent to a member, and the group is done with it (QoS 0, or QoS 2 of a clean member): it may be lost on its way.
     *
     * @param groups that the member has ever been in
     */
    void givenAway(Set<String> groups, Ledger.Key key) {
        ledger.reached(groupOf(groups, key), key);
    }

    /** The member's application got it. */
    void delivered(String member, boolean stored, Set<String> groups, Ledger.Key key, int qos) {
        deliveries++;
        Dealt dealt = new Dealt(groupOf(groups, key), key);
        ledger.reached(dealt.group(), key);
        String before = takenBy.get(dealt);
        // Behind a broken link a member may still have what was dealt to it with QoS 1, and to another one later.
        Ledger.check(
                before == null || (qos < 2 && !calm),
                () -> "a message of " + dealt.group() + " that " + before + " has came to " + member + ": " + key);
        if (orderly && !mixed) {
            var stream = new Stream(member, key.publisher(), key.topic(), key.qos(), qos);
            int last = lastNumbers.getOrDefault(stream, -1);
            Ledger.check(
                    last < key.number() || mayHaveComeBack(dealt),
                    () -> "number " + key.number() + " after " + last + " in " + stream);
            lastNumbers.put(stream, Math.max(last, key.number()));
        }
        if (qos == 2) {
            boolean first = dealtExactlyOnce.add(dealt);
            // A coordinator may die before it has stored that a clean member got it.
            Ledger.check(first || !calm, () -> "a QoS 2 message of " + dealt.group() + " came twice: " + key);
            if (stored) {
                takenBy.put(dealt, member);
            }
        }
    }

    /** A member that has unsubscribed gives back what was on its way to it: others may have got later ones by then. */
    private boolean mayHaveComeBack(Dealt dealt) {
        long committed = committedAt.getOrDefault(dealt.key(), 0L);
        return givenUpAt.getOrDefault(dealt.group(), List.of()).stream()
                .anyMatch(at -> Math.abs(at - committed) < GIVEN_UP_MILLIS);
    }

    void committed(Ledger.Key key) {
        committedAt.put(key, schedule.now());
    }

    long deliveries() {
        return deliveries;
    }
}
