package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.SessionLimits;
import io.vertx.core.Context;
import org.jspecify.annotations.Nullable;

/** A machine that runs one node after the other under the same name, and starts it again when it has ended. */
final class SimMachine implements Link.Server {
    private final String name;
    private final Schedule schedule;
    private final Faults faults;
    private final ClusterBug bug;
    private final SimNetwork network;
    private final SimDatabaseState database;
    private final SimConnections connections;
    private final SessionLimits limits;
    private final double rate;
    private final long wallOffset;
    private @Nullable SimBroker broker;

    /** What all machines share. */
    record Shared(
            Schedule schedule,
            Faults faults,
            ClusterBug bug,
            SimNetwork network,
            SimDatabaseState database,
            SimConnections connections) {}

    SimMachine(String name, Shared shared, SessionLimits limits) {
        this.name = name;
        this.schedule = shared.schedule();
        this.faults = shared.faults();
        this.bug = shared.bug();
        this.network = shared.network();
        this.database = shared.database();
        this.connections = shared.connections();
        this.limits = limits;
        this.rate = 1 + (schedule.below(61) - 30) / 1_000.0;
        this.wallOffset = schedule.below(3_001) - 1_500L;
    }

    String name() {
        return name;
    }

    @Override
    public String toString() {
        return broker == null ? name + " is down" : broker.toString();
    }

    /** The process that runs, if one does. */
    @Nullable
    SimBroker broker() {
        return broker;
    }

    boolean isServing() {
        SimBroker now = broker;
        return now != null && now.isServing();
    }

    void start(boolean again) {
        if (broker != null) {
            return;
        }
        SimProcess process = new SimProcess(schedule, rate, wallOffset);
        var around = new SimBroker.Around(
                schedule, faults, bug, network, process, new SimClientIds(schedule, network, process), name);
        SimBroker started = new SimBroker(around, database, limits);
        broker = started;
        started.start(name, again, () -> {
            if (broker == started) {
                kill();
                schedule.after(200 + schedule.below(800), () -> start(true));
            }
        });
    }

    /** {@code kill -9}. */
    void kill() {
        SimBroker now = broker;
        if (now != null) {
            broker = null;
            now.die();
            connections.died(now);
        }
    }

    @Override
    public void connect(Link link) {
        SimBroker now = broker;
        Context context = now == null ? null : now.listens();
        if (now == null || context == null) {
            link.cut();
            return;
        }
        SimConnection connection = new SimConnection(now, context, link, connections.next(), connections);
        link.servedBy(connection);
        context.runOnContext(nothing -> now.directory().connect(connection, link.connectPacket()));
        if (link.isCut()) {
            connection.close();
        }
    }
}
