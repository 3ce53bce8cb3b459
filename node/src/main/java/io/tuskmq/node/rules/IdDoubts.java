package io.tuskmq.node.rules;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Connections that Hazelcast's map doesn't show: those of this node, and which other nodes have such ones. A node says to all when it takes
 * one in, and they ask it about every client id from then on, until it says that the map shows all (I5). What is said has a number, so it may
 * come in any order, and again. Pure; one thread at a time.
 */
public final class IdDoubts {
    /**
     * How far a node is.
     *
     * @param begun how many such connections it has taken in
     * @param settled the number of the last of them when there was none any more
     */
    public record Word(long begun, long settled) {
        /** Nothing new. */
        public static final Word NONE = new Word(0, 0);

        private Word and(Word other) {
            return new Word(Math.max(begun, other.begun), Math.max(settled, other.settled));
        }

        private boolean isDoubt() {
            return begun > settled;
        }
    }

    private final Map<String, Long> own = new HashMap<>();
    private final Map<Long, Word> peers = new HashMap<>();
    private long begun;
    private long settled;

    /** A connection comes that the map doesn't show. What is returned must be said to all others before it is accepted. */
    public Word begin(String clientId, long number) {
        own.put(clientId, number);
        begun++;
        return word();
    }

    /** The map shows it now, or it has ended. */
    public void settle(String clientId, long number) {
        if (own.remove(clientId, number) && own.isEmpty()) {
            settled = begun;
        }
    }

    /** What to say now and then. */
    public Word word() {
        return new Word(begun, settled);
    }

    public void said(long peer, Word word) {
        peers.merge(peer, word, Word::and);
    }

    /** The peers whose connections the map doesn't show. */
    public Set<Long> doubting() {
        Set<Long> doubting = new TreeSet<>();
        peers.forEach((peer, word) -> {
            if (word.isDoubt()) {
                doubting.add(peer);
            }
        });
        return doubting;
    }

    /** These are the peers that are left. */
    public void retain(Collection<Long> live) {
        peers.keySet().retainAll(live);
    }
}
