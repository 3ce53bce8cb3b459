package io.tuskmq.node.rules;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which other nodes are to be taken for dead although their leases are valid: those that refuse connections, and those that could not be
 * reached for as long as a lease after they could be. One that never could be is still joining, perhaps slowly: it serves nobody until it
 * is linked with all. PostgreSQL decides: of two nodes that revoke each other one wins. Pure; one thread at a time.
 */
public final class PeerWatch {
    private final long patienceMillis;
    /** Live peers that are not linked both ways, and since when. */
    private final Map<Long, Long> apartSince = new HashMap<>();

    private final Set<Long> refusing = new HashSet<>();
    /** Those that were linked once; also while their leases have run out, since they may be renewed. */
    private final Set<Long> known = new HashSet<>();

    /** @param patienceMillis how long a live peer may be out of reach */
    public PeerWatch(long patienceMillis) {
        this.patienceMillis = patienceMillis;
    }

    /** Nobody listens at the peer's address. */
    public void refused(long incarnation) {
        refusing.add(incarnation);
    }

    /** It is linked both ways, or was a moment ago. */
    public void linked(long incarnation) {
        known.add(incarnation);
        refusing.remove(incarnation);
        apartSince.remove(incarnation);
    }

    /**
     * Which of the live peers to revoke now.
     *
     * @param live incarnations with a valid lease, without this node's own
     * @param apart those of them that are not linked both ways
     * @param serving whether this node serves clients: one that has never reached the others may be the one at fault
     */
    public List<Long> victims(Collection<Long> live, Collection<Long> apart, boolean serving, long now) {
        apartSince.keySet().retainAll(live);
        apartSince.keySet().retainAll(apart);
        refusing.retainAll(apart);
        List<Long> victims = new ArrayList<>(0);
        for (long incarnation : apart) {
            long since = apartSince.computeIfAbsent(incarnation, i -> now);
            boolean lost = known.contains(incarnation) && now - since >= patienceMillis;
            if (serving && (lost || refusing.contains(incarnation))) {
                victims.add(incarnation);
            }
        }
        return victims;
    }
}
