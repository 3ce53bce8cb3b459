package io.tuskmq.node.session;

import io.tuskmq.storage.Message;

/**
 * What the nodes of a group say to one another about one member. {@code join} is the member's node's own number for it; each attempt to
 * take part has a new one, so what is said late about an earlier one has no effect.
 */
public sealed interface GroupFrame {
    long join();

    /** The coordinator deals a message. {@code deal} 0: nothing need be said about what becomes of it (QoS 0). */
    record Dealt(long join, long deal, long groupId, long groupEpoch, long logId, long filterId, Message message)
            implements GroupFrame {}

    /** The coordinator no longer has this member: it must find the coordinator anew, unless it has left. */
    record Over(long join) implements GroupFrame {}

    /** What became of a deal. */
    record Outcome(long join, long deal, What what) implements GroupFrame {
        public enum What {
            SETTLED,
            TAKEN,
            RETURNED
        }
    }

    /** The member takes part no more. */
    record Parting(long join, How how) implements GroupFrame {
        public enum How {
            /** It has unsubscribed, and keeps what it was dealt. */
            LEFT,
            /** Its connection has ended; what it just takes over is still unknown. */
            GONE,
            /** That is known, and was said. */
            FINISHED,
            /** Nobody here knows of it, nor what it took. */
            LOST
        }
    }

    /**
     * A session of the asking node wants to be a member.
     *
     * @param qos of its subscription; -1: it will be a stored member, and waits until the group is stored
     */
    record Join(long join, String share, String filter, int qos, boolean stored, int receiveMax) implements GroupFrame {
        /** The member is only expected. */
        public static final int EXPECTED = -1;
    }
}
