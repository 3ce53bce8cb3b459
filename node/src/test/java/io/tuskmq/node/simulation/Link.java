package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.storage.Sessions.NewWill;
import org.jspecify.annotations.Nullable;

/** One network connection: in order both ways, until it is cut. Both ends hear of a cut later, the broker perhaps much later. */
final class Link {
    /** A process that takes connections in. */
    interface Server {
        void connect(Link link);
    }

    /** The broker's end of a connection. */
    interface Served {
        void handle(Event packet);

        /** DISCONNECT: the connection ends as the client wants it. */
        void disconnect();

        /** It was cut. */
        void close();
    }

    private final Schedule schedule;
    private final Faults faults;
    private final Server server;
    private final SimClient client;
    private @Nullable Served served;
    private final ConnectPacket packet;
    private boolean cut;
    private long lastToBroker;
    private long lastToClient;

    Link(Schedule schedule, Faults faults, Server server, SimClient client) {
        this.schedule = schedule;
        this.faults = faults;
        this.server = server;
        this.client = client;
        this.packet = client.connectPacket();
    }

    SimClient client() {
        return client;
    }

    ConnectPacket connectPacket() {
        return packet;
    }

    /** The message that is to come when the connection ends badly. */
    Ledger.@Nullable Key will() {
        NewWill will = packet.will();
        return will == null ? null : Ledger.Key.of(will.message());
    }

    boolean isWillDelayed() {
        NewWill will = packet.will();
        return will != null && will.delaySeconds() > 0;
    }

    boolean isCut() {
        return cut;
    }

    void servedBy(Served end) {
        served = end;
    }

    void toBroker(Event packet) {
        if (isLost()) {
            return;
        }
        lastToBroker = Math.max(lastToBroker, schedule.now() + schedule.delay(10));
        schedule.at(lastToBroker, () -> {
            if (!cut && served != null) {
                served.handle(packet);
            }
        });
    }

    /** The last packet to the broker. */
    void disconnect() {
        lastToBroker = Math.max(lastToBroker, schedule.now() + schedule.delay(10));
        schedule.at(lastToBroker, () -> {
            if (!cut && served != null) {
                served.disconnect();
            }
        });
    }

    void connAck(boolean sessionPresent) {
        if (!isLost()) {
            toClient(() -> client.connAck(this, sessionPresent));
        }
    }

    void toClient(Effect.ToClient packet) {
        if (!isLost()) {
            toClient(() -> client.receive(this, packet));
        }
    }

    private void toClient(Runnable arrival) {
        lastToClient = Math.max(lastToClient, schedule.now() + schedule.delay(10));
        schedule.at(lastToClient, () -> {
            if (!cut) {
                arrival.run();
            }
        });
    }

    /** The packet may be the one that is lost, with all that are on their way. */
    private boolean isLost() {
        if (!cut && schedule.chance(faults.cut())) {
            cut();
        }
        return cut;
    }

    void cut() {
        if (cut) {
            return;
        }
        cut = true;
        schedule.after(schedule.delay(50), () -> client.linkLost(this));
        schedule.after(client.silenceMillis(), () -> {
            if (served != null) {
                served.close();
            }
        });
    }

    void connect() {
        schedule.after(schedule.delay(10), () -> {
            if (!cut) {
                server.connect(this);
            }
        });
    }
}
