package io.tuskmq.node.session;

import io.vertx.core.Promise;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The members of a group that are on other nodes, and those that wait to be told who coordinates it. Lives on the group's shard. */
final class GroupGuests {
    private final Groups groups;
    private final GroupPeers peers;
    private final Map<RemoteMember, Promise<Long>> asking = new LinkedHashMap<>();

    GroupGuests(Groups groups, GroupPeers peers) {
        this.groups = groups;
        this.peers = peers;
    }

    /** @param answer 0 when it takes part here, else the node that coordinates the group */
    void asks(RemoteMember member, Promise<Long> answer) {
        Promise<Long> before = asking.put(member, answer);
        if (before != null) {
            before.tryFail("it has asked anew");
        }
    }

    /** Those that the runner has are told so. */
    void answer(GroupRunner runner, GroupMembers members) {
        asking.entrySet()
                .removeIf(entry ->
                        members.isIn(runner, entry.getKey()) && entry.getValue().tryComplete(0L));
    }

    void said(Group group, RemoteMember member, GroupFrame frame) {
        switch (frame) {
            case GroupFrame.Outcome outcome -> outcome(member, outcome);
            case GroupFrame.Parting parting -> parting(group, member, parting.how());
            case GroupFrame.Join join -> throw new IllegalArgumentException("not said of a member: " + join);
            case GroupFrame.Dealt dealt -> throw new IllegalArgumentException("not said of a member: " + dealt);
            case GroupFrame.Over over -> throw new IllegalArgumentException("not said of a member: " + over);
        }
    }

    private void outcome(RemoteMember member, GroupFrame.Outcome outcome) {
        member.outcome(outcome);
        forgetIfDone(member);
    }

    private void parting(Group group, RemoteMember member, GroupFrame.Parting.How how) {
        switch (how) {
            case LEFT -> {
                member.leave();
                group.leave(member);
                forgetIfDone(member);
            }
            case GONE -> group.gone(member);
            case FINISHED -> group.finished(member);
            case LOST -> group.lost(member);
        }
    }

    void forget(Member member) {
        if (member instanceof RemoteMember remote) {
            Promise<Long> answer = asking.remove(remote);
            if (answer != null) {
                answer.tryFail("it has gone");
            }
            groups.forget(remote);
        }
    }

    /** Must look elsewhere: {@code at}, or 0 when this is not known. Returns those of the members that are on other nodes. */
    List<RemoteMember> turnAway(Collection<Member> members, long at) {
        List<RemoteMember> remote = members.stream()
                .filter(RemoteMember.class::isInstance)
                .map(RemoteMember.class::cast)
                .toList();
        for (RemoteMember member : remote) {
            Promise<Long> answer = asking.remove(member);
            if (answer == null) {
                tellOver(member);
            } else if (at == 0) {
                answer.tryFail("it is not coordinated here any more");
            } else {
                answer.tryComplete(at);
            }
            groups.forget(member);
        }
        return remote;
    }

    /** Nothing more is to be heard of a member that has unsubscribed. */
    private void forgetIfDone(RemoteMember member) {
        if (member.isDone()) {
            groups.forget(member);
            tellOver(member);
        }
    }

    private void tellOver(RemoteMember member) {
        peers.tell(member.key().node(), new GroupFrame.Over(member.key().join()));
    }

    void refuse(String why) {
        asking.values().forEach(answer -> answer.tryFail(why));
        asking.clear();
    }
}
