package io.tuskmq.node.rules;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What peers have not answered yet: client ids that came here, and that they were to let go of. It is asked again until it is answered, or
 * the peer has ended: also when the connection here has gone since, for the older one must not outlive it (I5). Until then the map is to
 * name this node, which says whom to ask as well. Pure; one thread at a time.
 */
public final class IdQuestions {
    /** A client that came here, and its number. */
    public record Question(Claimant claimant, long number) {
        public String clientId() {
            return claimant.clientId();
        }
    }

    /** By peer and client id. */
    private final Map<Long, Map<String, Question>> open = new HashMap<>();
    /** Those of connections that have ended. */
    private final Set<Question> left = new HashSet<>();

    /** The peer has not answered. A newer connection's question takes the place of an older one's. */
    public void add(long peer, Question question) {
        Question before = open.computeIfAbsent(peer, p -> new LinkedHashMap<>()).put(question.clientId(), question);
        if (before != null && !before.equals(question)) {
            isOver(before);
        }
    }

    /** @return whether its connection has ended, and this was the last answer: the map needs to name this node no longer */
    public boolean answered(long peer, Question question) {
        Map<String, Question> ofPeer = open.get(peer);
        if (ofPeer == null || !ofPeer.remove(question.clientId(), question)) {
            return false;
        }
        if (ofPeer.isEmpty()) {
            open.remove(peer);
        }
        return isOver(question);
    }

    private boolean isOver(Question question) {
        return !isOpen(question) && left.remove(question);
    }

    private boolean isOpen(Question question) {
        return open.values().stream().anyMatch(ofPeer -> question.equals(ofPeer.get(question.clientId())));
    }

    /**
     * The connection has ended.
     *
     * @return whether it is still being asked for. Not with a number that others don't know: a newer connection could not be told from an
     *     older one
     */
    public boolean ended(Question question) {
        if (question.number() < 0) {
            List.copyOf(open.keySet()).forEach(peer -> answered(peer, question));
            return false;
        }
        return isOpen(question) && left.add(question);
    }

    /** Peers that may have an older connection of the client id. */
    public Set<Long> unanswered(String clientId) {
        Set<Long> peers = new TreeSet<>();
        open.forEach((peer, ofPeer) -> {
            if (ofPeer.containsKey(clientId)) {
                peers.add(peer);
            }
        });
        return peers;
    }

    /** The connection's number is another one now. */
    public void renumbered(Question before, long number) {
        Question now = new Question(before.claimant(), number);
        open.values().forEach(ofPeer -> ofPeer.replace(before.clientId(), before, now));
    }

    /** The oldest ones, not more than that. */
    public List<Question> next(long peer, int max) {
        return open.getOrDefault(peer, Map.of()).values().stream().limit(max).toList();
    }

    /**
     * These are the peers that are left.
     *
     * @return what is asked no more, and whose connections have ended
     */
    public List<Question> retain(Collection<Long> peers) {
        if (!open.keySet().retainAll(peers)) {
            return List.of();
        }
        List<Question> over =
                left.stream().filter(question -> !isOpen(question)).toList();
        over.forEach(left::remove);
        return over;
    }
}
