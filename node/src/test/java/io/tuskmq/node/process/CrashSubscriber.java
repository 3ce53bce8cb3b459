package io.tuskmq.node.process;

import io.tuskmq.node.process.CrashLedger.Stream;
import io.tuskmq.node.process.RawMqtt.Received;

/** A receiver that notes in the ledger what it takes of a load. */
public final class CrashSubscriber extends CrashReceiver {
    private final CrashLedger ledger;

    /** @param root of the topics that it subscribes to */
    public CrashSubscriber(String root, int number, Entrance entrance, CrashLedger ledger) {
        super(root + "-subscriber-" + number, entrance, root + "/#", 2);
        this.ledger = ledger;
    }

    @Override
    protected void taken(Received message) {
        ledger.taken(clientId(), Stream.of(message.topic()), Integer.parseInt(message.payload()));
    }
}
