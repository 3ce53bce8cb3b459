package io.tuskmq.node.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which wills were accepted, and what became of them (I8). */
final class WillLedger {
    private final Map<Ledger.Key, Integer> published = new HashMap<>();
    private final Set<Ledger.Key> accepted = new HashSet<>();
    /** A delayed one may be called off, one whose DISCONNECT was sent may or may not have been dropped. */
    private final Set<Ledger.Key> open = new HashSet<>();

    private final Set<Ledger.Key> dropped = new HashSet<>();

    /** The connection with this will got its CONNACK from the broker. */
    void accepted(Ledger.Key will, boolean delayed) {
        accepted.add(will);
        if (delayed) {
            open.add(will);
        }
    }

    void disconnecting(Ledger.Key will) {
        open.add(will);
    }

    /** The broker has read DISCONNECT, and nothing kept it from storing that. */
    void dropped(Ledger.Key will) {
        dropped.add(will);
    }

    void published(Ledger.Key will) {
        int times = published.merge(will, 1, Integer::sum);
        Ledger.check(times == 1, "will published " + times + " times: " + will);
        Ledger.check(!dropped.contains(will), "will published after a normal DISCONNECT: " + will);
    }

    /** Wills that must come and have not. */
    List<Ledger.Key> missing(Set<Ledger.Key> ofLiving) {
        List<Ledger.Key> missing = new ArrayList<>();
        for (Ledger.Key will : accepted) {
            if (!published.containsKey(will) && !open.contains(will) && !ofLiving.contains(will)) {
                missing.add(will);
            }
        }
        return missing;
    }

    int count() {
        return published.size();
    }
}
