package io.tuskmq.node.rules;

import io.tuskmq.node.rules.IdQuestions.Question;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Client ids that are being taken here, and whom this node asks for them. Who takes an id later finds this node in the map, and not the one that
 * has the connection: so it is told of all that are asked here, and asks them too. Then it hears the same as this node: another user's
 * connection keeps its id, whoever comes, and wherever. A claim that was made in vain is remembered for a while, for those who found it meanwhile. Pure; one
 * thread at a time.
 *
 * @param <W> what waits until all claims know whom they ask: until then nobody can be told
 */
public final class IdClaims<W> {
    /** An id that is being taken. */
    public static final class Claim {
        private final String clientId;
        private final Set<Long> asked = new TreeSet<>();
        private @Nullable Question question;

        private Claim(String clientId) {
            this.clientId = clientId;
        }
    }

    private final Map<String, Set<Claim>> claims = new HashMap<>();
    private final Map<String, Set<W>> waiting = new HashMap<>();

    /** Must come before the map is changed: who finds this node there asks it. */
    public Claim begin(String clientId) {
        Claim claim = new Claim(clientId);
        claims.computeIfAbsent(clientId, id -> new LinkedHashSet<>()).add(claim);
        return claim;
    }

    /**
     * These peers are asked now, besides those that were.
     *
     * @return those who need wait no longer
     */
    public List<W> asks(Claim claim, Question question, Set<Long> peers) {
        claim.question = question;
        claim.asked.addAll(peers);
        return freed(claim.clientId);
    }

    /**
     * It has been decided, and not in vain; or it was, long ago.
     *
     * @return those who need wait no longer
     */
    public List<W> end(Claim claim) {
        Set<Claim> ofId = claims.get(claim.clientId);
        if (ofId != null && ofId.remove(claim) && ofId.isEmpty()) {
            claims.remove(claim.clientId);
        }
        return freed(claim.clientId);
    }

    private List<W> freed(String clientId) {
        Set<W> waiters = isTaking(clientId) ? null : waiting.remove(clientId);
        return waiters == null ? List.of() : List.copyOf(waiters);
    }

    /** Whether the map has not yet said whom to ask. */
    private boolean isTaking(String clientId) {
        return claims.getOrDefault(clientId, Set.of()).stream().anyMatch(claim -> claim.question == null);
    }

    /** @return whether it must wait; it will be among those that are freed */
    public boolean await(W waiter, String clientId) {
        return isTaking(clientId)
                && waiting.computeIfAbsent(clientId, id -> new LinkedHashSet<>())
                        .add(waiter);
    }

    /** Whom this node asks for the client id, or has asked in vain: who takes the id elsewhere must hear them as well. */
    public Set<Long> asked(String clientId) {
        Set<Long> peers = new TreeSet<>();
        claims.getOrDefault(clientId, Set.of()).forEach(claim -> peers.addAll(claim.asked));
        return peers;
    }

    /** Whether the map must go on naming this node for the connection, though it has gone. */
    public boolean isNeeded(Question question) {
        return claims.getOrDefault(question.clientId(), Set.of()).stream()
                .anyMatch(claim -> question.equals(claim.question));
    }
}
