package io.tuskmq.node.rules;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * Which other nodes take nobody for dead, as they said: they miss the database too, or have it back since so short a time that others come
 * first. Then nobody can have taken this node's sessions (I11). A word counts for a short time, and only as long as the stream stands on
 * which it came: a node that lets go of those whose leases are over has nothing more to say to them (I5). Pure; one thread at a time.
 */
public final class PeerHealth {
    /** What a peer said counts for at most as long. */
    private static final long WORD_MILLIS = 3_000;

    /** When it was said last that nobody is taken for dead. */
    private final Map<Long, Long> sparedAt = new HashMap<>();

    private final long wordMillis;

    /** @param leaseMillis a word counts for less than the half of it that is left when {@link LeaseGuard#othersHaveTheirTurn} has ended */
    public PeerHealth(long leaseMillis) {
        this.wordMillis = Math.min(WORD_MILLIS, leaseMillis / 3);
    }

    public void said(long incarnation, boolean sparesOthers, long now) {
        if (sparesOthers) {
            sparedAt.put(incarnation, now);
        } else {
            sparedAt.remove(incarnation);
        }
    }

    /** Its stream to this node broke, or it was let go. */
    public void silent(long incarnation) {
        sparedAt.remove(incarnation);
    }

    /** How many of the peers take nobody for dead. */
    public int sparing(Collection<Long> peers, long now) {
        return (int) peers.stream()
                .filter(peer -> sparedAt.containsKey(peer) && now - sparedAt.get(peer) <= wordMillis)
                .count();
    }
}
