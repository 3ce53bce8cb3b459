package io.tuskmq.node.rules;

/**
 * This node's own lease, by its own monotonic clock: when it must stop serving, before another node may take its sessions and lanes (I4,
 * I5). Pure; one thread at a time. Times are milliseconds of any clock that runs evenly.
 *
 * <p>PostgreSQL counts the lease from when it carried the renewal out, this node from when it sent it: so this end comes first, also when
 * the clocks' rates differ by up to a twentieth.
 */
public final class LeaseGuard {
    private static final int RATE_MARGIN = 20;

    private final long validMillis;
    private long renewedAt;
    private long gapEndedAt;

    /** @param registeredAt when the registration was sent */
    public LeaseGuard(long leaseMillis, long registeredAt) {
        this.validMillis = leaseMillis - leaseMillis / RATE_MARGIN;
        this.renewedAt = registeredAt;
        this.gapEndedAt = registeredAt - validMillis;
    }

    /** A renewal that was sent then was confirmed. */
    public void renewed(long sentAt) {
        if (sentAt - renewedAt > validMillis / 2) {
            gapEndedAt = sentAt;
        }
        renewedAt = Math.max(renewedAt, sentAt);
    }

    /**
     * Whether this node may end others whose leases have run out. Not soon after a time in which its own could not be renewed: the database may
     * have been away for all, and they must have their turn first (I11).
     */
    public boolean mayEndOthers(long now) {
        return now - gapEndedAt >= validMillis;
    }

    /**
     * Whether those whose leases ran out while the database was away for all are to renew them first: until then they count as alive, and may
     * know it (I11). Ends early enough for them to hear that it has ended, before {@link #mayEndOthers}.
     */
    public boolean othersHaveTheirTurn(long now) {
        return now - gapEndedAt < validMillis / 2;
    }

    /** From when on others may take this node for dead, if it isn't renewed. */
    public long endsAt() {
        return renewedAt + validMillis;
    }

    /** Whether others may take this node for dead. */
    public boolean isOver(long now) {
        return now - renewedAt >= validMillis;
    }

    /**
     * Whether clients must be let go. Not while nobody can have taken their sessions: when there is no other node, or when all others
     * spare it (I11).
     *
     * @param peers other nodes that were alive when the database was last heard
     * @param sparing those of them that said lately that they take nobody for dead: they miss the database too, or others have their turn
     */
    public boolean mustStopServing(long now, int peers, int sparing) {
        return isOver(now) && sparing < peers;
    }
}
