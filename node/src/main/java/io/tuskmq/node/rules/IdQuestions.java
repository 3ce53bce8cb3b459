package io.tuskmq.node.rules;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What peers have not answered yet: client ids that are connected here, and that they were to let go of. It is asked again until it is
 * answered, or the connection or the peer has ended (I5). Pure; one thread at a time.
 */
public final class IdQuestions {
    /** A client id that is connected here, and its number. */
    public record Question(String clientId, long number) {}

    /** By peer: client ids and their numbers. */
    private final Map<Long, Map<String, Long>> open = new HashMap<>();

    /** The peer has not answered. A newer connection's question takes the place of an older one's. */
    public void add(long peer, Question question) {
        open.computeIfAbsent(peer, p -> new LinkedHashMap<>()).put(question.clientId(), question.number());
    }

    public void answered(long peer, Question question) {
        Map<String, Long> ofPeer = open.get(peer);
        if (ofPeer != null && ofPeer.remove(question.clientId(), question.number()) && ofPeer.isEmpty()) {
            open.remove(peer);
        }
    }

    /** The connection has ended: it needs the id no more. */
    public void ended(Question question) {
        for (long peer : List.copyOf(open.keySet())) {
            answered(peer, question);
        }
    }

    /** The connection's number is another one now. */
    public void renumbered(Question before, long number) {
        open.values().forEach(ofPeer -> ofPeer.replace(before.clientId(), before.number(), number));
    }

    /** The oldest ones, not more than that. */
    public List<Question> next(long peer, int max) {
        List<Question> next = new ArrayList<>();
        Map<String, Long> ofPeer = open.getOrDefault(peer, Map.of());
        for (Map.Entry<String, Long> question : ofPeer.entrySet()) {
            if (next.size() == max) {
                break;
            }
            next.add(new Question(question.getKey(), question.getValue()));
        }
        return next;
    }

    /** These are the peers that are left. */
    public void retain(Collection<Long> peers) {
        open.keySet().retainAll(peers);
    }
}
