package io.tuskmq.node.session;

import io.tuskmq.node.rules.Subscription;
import io.tuskmq.node.session.GroupFrame.Parting.How;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a group's members on this node have to do with the node that coordinates the group. Lives on the group's shard. */
final class GroupAway {
    private final Group group;
    private final Groups groups;
    private final GroupPeers peers;
    private final long at;

    private final Map<Member, AwayJoin> joins = new LinkedHashMap<>();
    /** Those that have unsubscribed, and may still have something of the group's. */
    private final Map<Member, List<AwayJoin>> left = new LinkedHashMap<>();

    private boolean ended;

    GroupAway(Group group, Groups groups, GroupPeers peers, long at) {
        this.group = group;
        this.groups = groups;
        this.peers = peers;
        this.at = at;
    }

    /** The coordinator. */
    long at() {
        return at;
    }

    /** All of this node. */
    void joinAll(GroupMembers members) {
        members.forEachExpected((member, stored) -> expect((SessionRunner) member, stored));
        members.forEach((member, subscription) -> join((SessionRunner) member, subscription));
    }

    /** Completes the promise when the group is a stored session there. */
    void expect(SessionRunner member, Promise<Void> stored) {
        AwayJoin join = joinOf(member);
        ask(join, GroupFrame.Join.EXPECTED).onSuccess(there -> {
            if (there == 0) {
                stored.tryComplete();
            }
        });
    }

    void join(SessionRunner member, Subscription subscription) {
        AwayJoin join = joinOf(member);
        join.subscribed(subscription);
        ask(join, subscription.qos()).onSuccess(there -> {
            if (there == 0) {
                group.shard().post(() -> group.members.joined(member));
            }
        });
    }

    private AwayJoin joinOf(SessionRunner member) {
        return joins.computeIfAbsent(member, m -> groups.newJoin(at, group, member));
    }

    private Future<Long> ask(AwayJoin join, int qos) {
        SessionRunner member = join.member;
        Future<Long> asked = peers.join(
                at,
                new GroupFrame.Join(
                        join.number, group.share(), group.filter(), qos, member.isStored(), member.receiveMax()));
        asked.onComplete(answer -> group.shard().post(() -> {
            if (!ended && joins.get(member) == join && !(answer.succeeded() && answer.result() == 0)) {
                group.awayEnded(this, answer.succeeded() ? answer.result() : 0);
            }
        }));
        return asked;
    }

    void leave(Member member) {
        AwayJoin join = joins.remove(member);
        if (join != null) {
            join.isLeft = true;
            join.part(How.LEFT);
            left.computeIfAbsent(member, m -> new ArrayList<>()).add(join);
        }
    }

    void gone(Member member) {
        AwayJoin join = joins.remove(member);
        if (join != null) {
            left.computeIfAbsent(member, m -> new ArrayList<>()).add(join);
        }
        left.getOrDefault(member, List.of()).forEach(one -> one.part(How.GONE));
    }

    void finished(Member member) {
        List<AwayJoin> its = left.remove(member);
        if (its != null) {
            its.forEach(join -> {
                join.part(How.FINISHED);
                end(join);
            });
        }
    }

    /** The session's last takes are of unknown outcome. */
    void lost(Member member) {
        List<AwayJoin> its = left.remove(member);
        if (its != null) {
            its.forEach(join -> {
                join.part(How.LOST);
                end(join);
            });
        }
    }

    /** The coordinator knows nothing of the join any more. Returns whether that is a surprise. */
    boolean over(AwayJoin join) {
        if (!join.isLeft) {
            return joins.get(join.member) == join;
        }
        List<AwayJoin> its = left.get(join.member);
        if (its != null && its.remove(join) && its.isEmpty()) {
            left.remove(join.member);
        }
        end(join);
        return false;
    }

    boolean isDeserted() {
        return joins.isEmpty() && left.isEmpty();
    }

    private void end(AwayJoin join) {
        join.end();
        groups.forget(join);
    }

    /** All of it is over; the coordinator is told, in case it hears it. */
    void end() {
        ended = true;
        joins.values().forEach(this::endLost);
        left.values().forEach(its -> its.forEach(this::endLost));
        joins.clear();
        left.clear();
    }

    private void endLost(AwayJoin join) {
        join.part(How.LOST);
        end(join);
    }
}
