package io.tuskmq.node.cluster;

import java.util.Collection;

/** How the node stands by its last heartbeat. Written by {@link Membership}'s context, read from any thread. */
final class Standing {
    private final long incarnation;
    private volatile long leaseEndsAtMillis;
    private volatile long renewedAtMillis;
    private volatile boolean first;

    Standing(long incarnation, long leaseEndsAtMillis, long renewedAtMillis) {
        this.incarnation = incarnation;
        this.leaseEndsAtMillis = leaseEndsAtMillis;
        this.renewedAtMillis = renewedAtMillis;
    }

    void renewed(long endsAtMillis, long sentAtMillis, Collection<Long> others) {
        leaseEndsAtMillis = endsAtMillis;
        renewedAtMillis = sentAtMillis;
        first = others.stream().allMatch(other -> other > incarnation);
    }

    /** From when on others may take this node for dead, by the clock of leases. */
    long leaseEndsAtMillis() {
        return leaseEndsAtMillis;
    }

    /** When the last renewal that succeeded was sent. */
    long renewedAtMillis() {
        return renewedAtMillis;
    }

    /** Whether this is the node that has been there longest: what one node should do for all falls to it. */
    boolean isFirst() {
        return first;
    }
}
