package io.tuskmq.node.session;

import io.tuskmq.node.rules.Deal;
import io.tuskmq.storage.Message;
import org.jspecify.annotations.Nullable;

/** A message of a group on its way to a member. Equal only to itself; touched on the group's shard. */
final class GroupDeal implements Deal {
    final GroupRunner group;
    /** In the group's session; 0 for QoS 0. */
    final int packetId;

    final long logId;
    final long filterId;
    final Message message;

    @Nullable
    SessionRunner member;

    GroupDeal(GroupRunner group, int packetId, long logId, long filterId, Message message) {
        this.group = group;
        this.packetId = packetId;
        this.logId = logId;
        this.filterId = filterId;
        this.message = message;
    }
}
