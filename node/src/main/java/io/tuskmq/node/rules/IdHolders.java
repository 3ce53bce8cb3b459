package io.tuskmq.node.rules;

import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which other nodes may have a connection of a client id that has come here, so that they are asked to let go of it (I5). Hazelcast's map
 * names one; where it can't be relied on all are asked. Pure; never changes.
 *
 * @param live the others with a valid lease, by the last heartbeat
 * @param wavering those that were live by the heartbeat before it: a lease that has run out may be renewed by the next
 */
public record IdHolders(Set<Long> live, Set<Long> wavering) {
    /** Nobody else. */
    public static final IdHolders NONE = new IdHolders(Set.of(), Set.of());

    /** What the map says of an id. */
    public sealed interface Said {
        /** It did not answer, or has not heard of all that were connected. */
        record Nothing() implements Said {}

        /** The id was at that incarnation, or at no other node. */
        record At(OptionalLong incarnation) implements Said {}
    }

    public IdHolders {
        live = inOrder(live);
        wavering = inOrder(wavering);
    }

    /** The same everywhere: {@link Set#copyOf} has another order in each process, and what is asked in it could not be played again. */
    private static Set<Long> inOrder(Collection<Long> incarnations) {
        return Collections.unmodifiableSet(new TreeSet<>(incarnations));
    }

    /** After one more heartbeat, which found these. */
    public IdHolders heartbeat(Collection<Long> found) {
        Set<Long> now = inOrder(found);
        Set<Long> missing = new HashSet<>(live);
        missing.removeAll(now);
        return new IdHolders(now, missing);
    }

    /**
     * Whether a heartbeat must come first. A node that serves again after its lease had run out has been found by a heartbeat of each
     * other node; only one that was sent before, and came back later, can have hidden it again: so two in a row settle it.
     */
    public boolean mustLookFirst(Said said) {
        return switch (said) {
            case Said.Nothing nothing -> !wavering.isEmpty();
            case Said.At(OptionalLong at) -> at.isPresent() && wavering.contains(at.getAsLong());
        };
    }

    /**
     * Whom to ask. An entry of a node that has ended proves nothing: it may have been written by a process that did not know yet, over
     * the entry of the one that has the connection.
     *
     * @param doubting peers that have connections which the map doesn't show ({@link IdDoubts})
     */
    public Set<Long> toAsk(Said said, Collection<Long> doubting) {
        boolean all = switch (said) {
            case Said.Nothing nothing -> true;
            case Said.At(OptionalLong at) -> at.isPresent() && !live.contains(at.getAsLong());
        };
        if (all) {
            return live;
        }
        Set<Long> some = new TreeSet<>(doubting);
        some.retainAll(live);
        if (said instanceof Said.At(OptionalLong at) && at.isPresent()) {
            some.add(at.getAsLong());
        }
        return some;
    }
}
