package io.tuskmq.node.session;

import io.tuskmq.storage.Message;
import org.jspecify.annotations.Nullable;

/** A message of a group that is with a member or waits for one. Equal only to itself; touched on the group's shard. */
final class GroupDeal {
    final GroupRunner runner;
    /** In the group's session; 0 for QoS 0. */
    final int packetId;

    final long logId;
    final long filterId;
    final Message message;

    /** Under which it is with a member. */
    @Nullable
    Ticket ticket;

    /** Whether the dealer counts it among what the member has: not after the member has unsubscribed. */
    boolean isCounted;

    GroupDeal(GroupRunner runner, int packetId, long logId, long filterId, Message message) {
        this.runner = runner;
        this.packetId = packetId;
        this.logId = logId;
        this.filterId = filterId;
        this.message = message;
    }
}
