package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.Connection;
import io.tuskmq.node.session.ConnectionHandler.CloseCause;
import io.vertx.core.Context;
import java.util.OptionalLong;
import java.util.Set;

/** The broker's end of a client's connection: stands for the MQTT edge, and checks what leaves the broker. */
final class SimConnection implements Connection, Link.Served {
    /** With these a client that keeps the rules may be sent away. */
    private static final Set<Integer> ALLOWED = Set.of(
            ReasonCodes.SESSION_TAKEN_OVER,
            ReasonCodes.USE_ANOTHER_SERVER,
            ReasonCodes.SERVER_BUSY,
            ReasonCodes.SERVER_SHUTTING_DOWN);

    private final SimBroker broker;
    private final Context context;
    private final Link link;
    private final int number;
    private final SimConnections all;
    private final Unacked unacked;
    private boolean accepted;
    private boolean open = true;
    private boolean writable = true;

    SimConnection(SimBroker broker, Context context, Link link, int number, SimConnections all) {
        this.broker = broker;
        this.context = context;
        this.link = link;
        this.number = number;
        this.all = all;
        this.unacked = new Unacked(link.client().abilities().receiveMax());
    }

    /** In the order in which all connections of a run came. */
    int number() {
        return number;
    }

    SimBroker broker() {
        return broker;
    }

    Link link() {
        return link;
    }

    /** Accepted and not ended, as far as the broker is concerned. */
    boolean isLive() {
        return accepted && open;
    }

    // --- from the client

    @Override
    public void handle(Event packet) {
        run(() -> {
            if (open) {
                unacked.received(packet);
                if (packet instanceof Event.PublishReceived p) {
                    all.ledger().taken(Ledger.Key.of(p.message()), number);
                }
                broker.directory().event(this, packet);
            }
        });
    }

    @Override
    public void disconnect() {
        run(() -> {
            if (accepted && open) {
                all.disconnected(this);
            }
            ended(CloseCause.NORMAL);
        });
    }

    @Override
    public void close() {
        run(() -> ended(CloseCause.IO));
    }

    private void run(Runnable step) {
        context.runOnContext(nothing -> step.run());
    }

    private void ended(CloseCause cause) {
        if (open) {
            open = false;
            all.ended(this);
            link.cut();
            broker.directory().closed(this, cause, OptionalLong.empty());
        }
    }

    /** The channel takes no more for a while. */
    void congest(long millis, Schedule schedule) {
        writable = false;
        schedule.after(
                millis,
                () -> run(() -> {
                    writable = true;
                    if (open) {
                        broker.directory().writable(this, true);
                    }
                }));
        run(() -> {
            if (open) {
                broker.directory().writable(this, false);
            }
        });
    }

    // --- to the client

    @Override
    public Context context() {
        return context;
    }

    @Override
    public void accept(boolean sessionPresent, String assignedClientId, long expirySeconds) {
        if (open) {
            accepted = true;
            all.accepted(this);
            link.connAck(sessionPresent);
        }
    }

    @Override
    public void reject(int reason, String why) {
        all.check(
                ALLOWED.contains(reason) || reason == ReasonCodes.SERVER_UNAVAILABLE,
                () -> "refused with " + reason + ": " + why);
        run(() -> ended(CloseCause.SERVER));
    }

    @Override
    public void send(Effect.ToClient packet) {
        if (packet instanceof Effect.SendPublish publish) {
            all.noting(() -> link.client().isSent(publish));
        }
        if (!open) {
            return;
        }
        if (packet instanceof Effect.SendPublish publish) {
            all.noting(() -> unacked.sent(publish));
        }
        link.toClient(packet);
    }

    @Override
    public boolean isWritable() {
        return writable;
    }

    @Override
    public void pauseReading() {
        // Limits are far off.
    }

    @Override
    public void resumeReading() {
        // It was never paused.
    }

    @Override
    public void close(int reason, String why) {
        all.check(ALLOWED.contains(reason), () -> "disconnected with " + reason + ": " + why);
        run(() -> ended(reason == ReasonCodes.SESSION_TAKEN_OVER ? CloseCause.TAKEN_OVER : CloseCause.SERVER));
    }

    @Override
    public int hashCode() {
        return number;
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public String toString() {
        return link.client().id() + " connection " + number + " at node " + broker.incarnation();
    }
}
