package io.tuskmq.node.process.cluster;

import io.tuskmq.node.process.CrashReceiver;
import io.tuskmq.node.process.RawMqtt.Received;
import java.io.IOException;

/** A member of a shared subscription, at its own node while that one runs, which may be away for a while. */
final class GroupMember extends CrashReceiver {
    private final GroupLedger ledger;
    private final Door door;

    /** Closed while the member is away. */
    private static final class Door {
        private volatile boolean closed;
    }

    private GroupMember(String clientId, Entrance entrance, String filter, GroupLedger ledger, Door door) {
        super(
                clientId,
                () -> {
                    if (door.closed) {
                        throw new IOException(clientId + " is away");
                    }
                    return entrance.open();
                },
                filter,
                2);
        this.ledger = ledger;
        this.door = door;
    }

    static GroupMember of(String clientId, Entrance entrance, String filter, GroupLedger ledger) {
        return new GroupMember(clientId, entrance, filter, ledger, new Door());
    }

    @Override
    protected void taken(Received message) {
        ledger.taken(clientId(), message);
    }

    void leave() throws IOException {
        door.closed = true;
        drop();
    }

    void comeBack() {
        door.closed = false;
        brokerIsBack();
    }
}
