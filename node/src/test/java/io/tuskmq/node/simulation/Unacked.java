package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import java.util.HashSet;
import java.util.Set;

/** The packet ids that a client has not acknowledged: each is in flight once, and never more than it takes. */
final class Unacked {
    private final int receiveMax;
    private final Set<Integer> packetIds = new HashSet<>();

    Unacked(int receiveMax) {
        this.receiveMax = receiveMax;
    }

    void sent(Effect.SendPublish publish) {
        if (publish.qos() > 0) {
            Ledger.check(packetIds.add(publish.packetId()), "packet id " + publish.packetId() + " is in flight twice");
            Ledger.check(packetIds.size() <= receiveMax, "more than " + receiveMax + " unacknowledged: " + packetIds);
        }
    }

    void received(Event event) {
        switch (event) {
            case Event.PubAckReceived e -> packetIds.remove(e.packetId());
            case Event.PubCompReceived e -> packetIds.remove(e.packetId());
            default -> {
                // Nothing to count.
            }
        }
    }
}
