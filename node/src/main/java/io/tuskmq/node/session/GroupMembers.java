package io.tuskmq.node.session;

import io.tuskmq.node.rules.Subscription;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/** Who takes part in a group, and who will soon. Lives on the group's shard. */
final class GroupMembers {
    private final Map<Member, Subscription> members = new LinkedHashMap<>();
    /** Stored members that are being subscribed, and what completes when the group is a stored session. */
    private final Map<Member, Promise<Void>> expected = new LinkedHashMap<>();
    /** What completes when the group deals to the member. */
    private final Map<Member, Promise<Void>> joining = new LinkedHashMap<>();

    void expect(Member member, Promise<Void> stored) {
        expected.put(member, stored);
    }

    void joins(Member member, Promise<Void> joined) {
        joining.put(member, joined);
    }

    void add(Member member, Subscription subscription) {
        expected.remove(member);
        members.put(member, subscription);
    }

    /** It takes part no more; it may still be expected anew. */
    void leave(Member member) {
        members.remove(member);
        joining.remove(member);
    }

    void remove(Member member) {
        leave(member);
        expected.remove(member);
    }

    List<Member> all() {
        List<Member> all = new ArrayList<>(members.keySet());
        all.addAll(expected.keySet());
        return all;
    }

    boolean any(Predicate<Member> which) {
        return all().stream().anyMatch(which);
    }

    void forEach(BiConsumer<Member, Subscription> each) {
        members.forEach(each);
    }

    void forEachExpected(BiConsumer<Member, Promise<Void>> each) {
        expected.forEach(each);
    }

    /** A stored member takes QoS 2 messages over durably, and is not to miss any: only a stored group can give them. */
    static boolean needsStore(Member member, Subscription subscription) {
        return member.isStored() && subscription.qos() > 0;
    }

    boolean needStore() {
        return !expected.isEmpty()
                || members.entrySet().stream().anyMatch(entry -> needsStore(entry.getKey(), entry.getValue()));
    }

    /** Whether the group, as it is coordinated here, deals to the member or, for one that is expected, keeps its messages. */
    boolean isIn(GroupRunner runner, Member member) {
        Subscription subscription = members.get(member);
        return runner.isStored() || (subscription != null && !needsStore(member, subscription) && runner.isRouted());
    }

    /** Those that the runner deals to are told so. */
    void joined(GroupRunner runner) {
        joining.entrySet()
                .removeIf(entry ->
                        isIn(runner, entry.getKey()) && entry.getValue().tryComplete());
    }

    /** The coordinator, on another node, deals to it. */
    void joined(Member member) {
        Promise<Void> waits = joining.remove(member);
        if (waits != null) {
            waits.tryComplete();
        }
    }

    /** The group is a stored session. */
    void stored() {
        expected.values().forEach(Promise::tryComplete);
    }
}
