package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import org.jspecify.annotations.Nullable;

/** One network connection: in order both ways, until it is cut. Both ends hear of a cut later, the broker perhaps much later. */
final class Link {
    private final Schedule schedule;
    private final Faults faults;
    private final SimNode node;
    private final SimClient client;
    private @Nullable SimRunner runner;
    private boolean cut;
    private long lastToBroker;
    private long lastToClient;

    Link(Schedule schedule, Faults faults, SimNode node, SimClient client) {
        this.schedule = schedule;
        this.faults = faults;
        this.node = node;
        this.client = client;
    }

    SimClient client() {
        return client;
    }

    boolean isCut() {
        return cut;
    }

    void runner(SimRunner runner) {
        this.runner = runner;
    }

    void toBroker(Event packet) {
        if (isLost()) {
            return;
        }
        lastToBroker = Math.max(lastToBroker, schedule.now() + schedule.delay(10));
        schedule.at(lastToBroker, () -> {
            if (!cut && runner != null) {
                runner.handle(packet);
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
        schedule.after(schedule.delay(300), () -> {
            if (runner != null) {
                runner.close();
            }
        });
    }

    void connect() {
        schedule.after(schedule.delay(10), () -> {
            if (!cut) {
                node.connect(this);
            }
        });
    }
}
