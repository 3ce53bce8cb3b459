package io.tuskmq.node.simulation;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What goes wrong with machines, network, database and Hazelcast in a run, and when. */
final class SimTroubles {
    private final Schedule schedule;
    private final SimNetwork network;
    private final SimDatabaseState database;
    private final SimConnections connections;
    private final List<SimMachine> machines;
    private long end;

    SimTroubles(
            Schedule schedule,
            SimNetwork network,
            SimDatabaseState database,
            SimConnections connections,
            List<SimMachine> machines) {
        this.schedule = schedule;
        this.network = network;
        this.database = database;
        this.connections = connections;
        this.machines = machines;
    }

    /** Between these times, counted from now; all is over at the end of the second. */
    void plan(long afterMillis, long forMillis) {
        end = schedule.now() + afterMillis + forMillis;
        int kinds = schedule.below(256);
        for (int i = 1 + schedule.below(7); i > 0; i--) {
            schedule.after(afterMillis + schedule.below((int) forMillis), () -> one(kinds));
        }
        for (int i = schedule.below(8); i > 0; i--) {
            schedule.after(afterMillis + schedule.below((int) forMillis), this::congest);
        }
    }

    /** So long, or shorter when the end comes first. */
    private long atMost(int millis) {
        return Math.max(1, Math.min(schedule.below(millis) + 1L, end - schedule.now()));
    }

    private SimMachine any() {
        return machines.get(schedule.below(machines.size()));
    }

    /** Half of the kinds don't happen in a run, so that runs differ. */
    private void one(int kinds) {
        int kind = schedule.below(8);
        if ((kinds >> kind & 1) == 0) {
            return;
        }
        SimMachine machine = any();
        SimBroker broker = machine.broker();
        switch (kind) {
            case 0 -> {
                machine.kill();
                schedule.after(schedule.delay(1_000), () -> machine.start(schedule.chance(0.2)));
            }
            case 1 -> {
                if (broker != null) {
                    long millis = atMost(9_000);
                    broker.process().stopFor(millis);
                    network.troubleFor(millis);
                }
            }
            case 2 -> cut(machine, any());
            case 3 -> databaseAway(atMost(8_000));
            case 4 -> {
                if (broker != null) {
                    long millis = atMost(8_000);
                    broker.calls().cutFor(millis);
                    network.troubleFor(millis);
                }
            }
            case 5 -> hazelcast();
            case 6 -> network.reset(machine.name(), any().name());
            default -> {
                if (broker != null) {
                    broker.others().full(atMost(500));
                }
            }
        }
    }

    private void databaseAway(long millis) {
        database.awayFor(millis);
        network.troubleFor(millis);
    }

    private void cut(SimMachine one, SimMachine other) {
        if (one == other) {
            return;
        }
        long millis = atMost(8_000);
        network.cut(one.name(), other.name(), millis);
        if (schedule.chance(0.6)) {
            network.cut(other.name(), one.name(), millis);
        }
    }

    private void hazelcast() {
        if (schedule.chance(0.5)) {
            network.mapsAway(atMost(5_000));
            return;
        }
        Set<String> some = new HashSet<>();
        machines.stream().filter(machine -> schedule.chance(0.5)).forEach(machine -> some.add(machine.name()));
        network.split(some, atMost(6_000));
    }

    private void congest() {
        for (SimConnection connection : List.copyOf(connections.live())) {
            if (schedule.chance(0.3)) {
                connection.congest(schedule.below(500), schedule);
            }
        }
    }
}
