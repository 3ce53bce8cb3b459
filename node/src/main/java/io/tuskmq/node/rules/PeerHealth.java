package io.tuskmq.node.rules;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * Which other nodes miss the database too, as they said: then nobody can have taken this node's sessions (I11). A word counts for a short
 * time, and only as long as the stream stands on which it came: a node that has the database again lets go of those whose leases are over,
 * and has nothing more to say to them (I5). Pure; one thread at a time.
 */
public final class PeerHealth {
    /** What a peer said counts for as long. */
    static final long WORD_MILLIS = 3_000;

    /** When it was said last that the database is away. */
    private final Map<Long, Long> awayAt = new HashMap<>();

    public void said(long incarnation, boolean databaseAway, long now) {
        if (databaseAway) {
            awayAt.put(incarnation, now);
        } else {
            awayAt.remove(incarnation);
        }
    }

    /** Its stream to this node broke, or it was let go. */
    public void silent(long incarnation) {
        awayAt.remove(incarnation);
    }

    /** How many of the peers miss the database. */
    public int withoutDatabase(Collection<Long> peers, long now) {
        return (int) peers.stream()
                .filter(peer -> awayAt.containsKey(peer) && now - awayAt.get(peer) <= WORD_MILLIS)
                .count();
    }
}
