package io.tuskmq.node.session;

import io.tuskmq.node.rules.Subscription;

/** A member of a group as its coordinator sees it: a session on this node ({@link SessionRunner}) or on another ({@link RemoteMember}). */
interface Member {
    /** Whether it takes QoS 2 messages over durably. */
    boolean isStored();

    /** What its client takes unacknowledged. */
    int receiveMax();

    /** Whether it is gone, or will soon be said to be. From any thread. */
    boolean isEnded();

    /**
     * Deals it a message; what becomes of it, the ticket is told. On the group's shard.
     *
     * @return false when it can take nothing for now: then it was not dealt
     */
    boolean deal(Ticket ticket, Subscription subscription);
}
