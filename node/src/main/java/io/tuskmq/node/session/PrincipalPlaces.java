package io.tuskmq.node.session;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * How many clients each principal has connected to this node. Counted are client ids, not connections: a client that comes back while its old
 * connection still stands takes the place over. From any thread.
 */
final class PrincipalPlaces {
    private final int clientsMax;
    private final LongAdder refused;
    /** By principal and client id: connections, of which one is about to end when there are several. */
    private final Map<String, Map<String, Integer>> places = new ConcurrentHashMap<>();

    /** @param clientsMax 0 = no limit */
    PrincipalPlaces(int clientsMax, LongAdder refused) {
        this.clientsMax = clientsMax;
        this.refused = refused;
    }

    /** True: the client is in, and must {@link #leave}. */
    boolean enter(String principal, String clientId) {
        if (clientsMax == 0) {
            return true;
        }
        boolean[] entered = {false};
        places.compute(principal, (name, clients) -> {
            Map<String, Integer> all = clients == null ? new HashMap<>() : clients;
            if (all.containsKey(clientId) || all.size() < clientsMax) {
                all.merge(clientId, 1, Integer::sum);
                entered[0] = true;
            }
            return all;
        });
        if (!entered[0]) {
            refused.increment();
        }
        return entered[0];
    }

    void leave(String principal, String clientId) {
        places.computeIfPresent(principal, (name, clients) -> {
            clients.computeIfPresent(clientId, (id, count) -> count == 1 ? null : count - 1);
            return clients.isEmpty() ? null : clients;
        });
    }
}
