package io.tuskmq.node.session;

import io.tuskmq.node.rules.Subscription;
import org.jspecify.annotations.Nullable;

/** On a member's node, its part in a group that another node coordinates: until that node or the link to it is gone. */
final class AwayJoin {
    final long number;
    /** The coordinator. */
    final long at;

    final Group group;
    final SessionRunner member;
    private final GroupPeers peers;
    /** Null while the member is only expected. Set on the group's shard. */
    private volatile @Nullable Subscription subscription;

    private volatile boolean over;
    /** The member has unsubscribed. On the group's shard. */
    boolean isLeft;

    AwayJoin(long number, long at, Group group, SessionRunner member, GroupPeers peers) {
        this.number = number;
        this.at = at;
        this.group = group;
        this.member = member;
        this.peers = peers;
    }

    void subscribed(Subscription to) {
        subscription = to;
    }

    /** What is said of its deals is not heard any more. */
    void end() {
        over = true;
    }

    void part(GroupFrame.Parting.How how) {
        peers.tell(at, new GroupFrame.Parting(number, how));
    }

    /** Hands what the coordinator deals to the member. */
    void dealt(GroupFrame.Dealt dealt) {
        Deal deal = new Deal(dealt);
        Subscription to = subscription;
        if (to == null) {
            deal.returned();
        } else {
            member.deal(deal, dealt.logId(), dealt.filterId(), dealt.message(), to);
        }
    }

    /** A message of the group, dealt to this member. */
    private final class Deal extends HeldDeal {
        private final long deal;
        private final long groupId;
        private final long groupEpoch;

        Deal(GroupFrame.Dealt dealt) {
            this.deal = dealt.deal();
            this.groupId = dealt.groupId();
            this.groupEpoch = dealt.groupEpoch();
        }

        @Override
        public long groupId() {
            return groupId;
        }

        @Override
        public long groupEpoch() {
            return groupEpoch;
        }

        private void say(GroupFrame.Outcome.What what) {
            if (deal != 0 && !over) {
                peers.tell(at, new GroupFrame.Outcome(number, deal, what));
            }
        }

        @Override
        void settled() {
            say(GroupFrame.Outcome.What.SETTLED);
        }

        @Override
        void taken() {
            say(GroupFrame.Outcome.What.TAKEN);
        }

        @Override
        void returned() {
            say(GroupFrame.Outcome.What.RETURNED);
        }
    }
}
