package io.tuskmq.node.session;

import io.tuskmq.node.rules.Subscription;
import java.util.HashMap;
import java.util.Map;

/** On the coordinator's node, a member whose session is on another one. Lives on the group's shard. */
final class RemoteMember implements Member {
    /** Which member of which node. */
    record Key(long node, long join) {}

    private final Key key;
    private final GroupPeers peers;
    private final boolean stored;
    private final int receiveMax;

    private final Map<Long, Ticket> out = new HashMap<>();
    private long deals;
    private boolean left;
    private volatile boolean ended;

    RemoteMember(Key key, GroupPeers peers, GroupFrame.Join join) {
        this.key = key;
        this.peers = peers;
        this.stored = join.stored();
        this.receiveMax = join.receiveMax();
    }

    Key key() {
        return key;
    }

    @Override
    public boolean isStored() {
        return stored;
    }

    @Override
    public int receiveMax() {
        return receiveMax;
    }

    @Override
    public boolean isEnded() {
        return ended;
    }

    void end() {
        ended = true;
        out.clear();
    }

    /** It has unsubscribed; what it still has it may finish. */
    void leave() {
        left = true;
    }

    /** Whether nothing more is to be heard of it, for all that is known here. */
    boolean isDone() {
        return left && out.isEmpty();
    }

    @Override
    public boolean deal(Ticket ticket, Subscription subscription) {
        GroupDeal deal = ticket.deal;
        boolean answered = deal.packetId != 0;
        long number = answered ? ++deals : 0;
        var dealt = new GroupFrame.Dealt(
                key.join(), number, ticket.groupId(), ticket.groupEpoch(), deal.logId, deal.filterId, deal.message);
        if (ended || !peers.deal(key.node(), dealt)) {
            return false;
        }
        if (answered) {
            out.put(number, ticket);
        }
        return true;
    }

    void outcome(GroupFrame.Outcome outcome) {
        Ticket ticket = out.remove(outcome.deal());
        if (ticket == null) {
            return;
        }
        GroupRunner runner = ticket.deal.runner;
        switch (outcome.what()) {
            case SETTLED -> runner.settled(ticket);
            case TAKEN -> runner.taken(ticket);
            case RETURNED -> runner.returned(ticket);
        }
    }
}
