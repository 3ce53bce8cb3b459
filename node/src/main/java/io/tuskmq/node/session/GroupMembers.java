package io.tuskmq.node.session;

import io.tuskmq.node.rules.Subscription;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Who takes part in a group, and who will soon. Lives on the group's shard. */
final class GroupMembers {
    private final Map<Member, Subscription> members = new LinkedHashMap<>();
    /** Stored members that are being subscribed, and what completes when the group is a stored session. */
    private final Map<Member, Promise<Void>> expected = new LinkedHashMap<>();

    void expect(Member member, Promise<Void> stored) {
        expected.put(member, stored);
    }

    void add(Member member, Subscription subscription) {
        expected.remove(member);
        members.put(member, subscription);
    }

    /** It takes part no more; it may still be expected anew. */
    void leave(Member member) {
        members.remove(member);
    }

    void remove(Member member) {
        members.remove(member);
        expected.remove(member);
    }

    @Nullable
    Subscription subscription(Member member) {
        return members.get(member);
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

    /** The group is a stored session. */
    void stored() {
        expected.values().forEach(Promise::tryComplete);
    }
}
