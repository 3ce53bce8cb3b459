package io.tuskmq.node.session;

import io.tuskmq.storage.Message;

/**
 * One handing of a group's message to a member, on the coordinator's node: when the member has gone and the message goes to another one,
 * that is another ticket, and what is still said through the old one has no effect.
 */
final class Ticket extends HeldDeal {
    final GroupDeal deal;
    final Member member;
    private final long groupEpoch;
    /** Whether the member takes it over durably before it sends it. */
    final boolean isTaking;

    Ticket(GroupDeal deal, Member member, long groupEpoch, boolean isTaking) {
        this.deal = deal;
        this.member = member;
        this.groupEpoch = groupEpoch;
        this.isTaking = isTaking;
    }

    Message message() {
        return deal.message;
    }

    @Override
    public long groupId() {
        return deal.runner.sessionId();
    }

    @Override
    public long groupEpoch() {
        return groupEpoch;
    }

    @Override
    void settled() {
        deal.runner.shard().post(() -> deal.runner.settled(this));
    }

    @Override
    void taken() {
        deal.runner.shard().post(() -> deal.runner.taken(this));
    }

    @Override
    void returned() {
        deal.runner.shard().post(() -> deal.runner.returned(this));
    }
}
