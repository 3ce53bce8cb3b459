package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.SessionLimits;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One run of a cluster: some nodes, some clients, trouble first, then quiet, then the account. */
final class ClusterSimulation {
    private static final long START_MILLIS = 2_000;
    private static final long TROUBLE_MILLIS = 15_000;
    private static final long QUIET_MILLIS = 120_000;

    private final Schedule schedule;
    private final Faults faults;
    private final boolean calm;
    private final Ledger ledger = new Ledger();
    private final WillLedger wills = new WillLedger();
    private final GroupLedger groups;
    private final SimNetwork network;
    private final SimDatabaseState database;
    private final SimConnections connections;
    private final List<SimMachine> machines = new ArrayList<>();
    private final List<SimClient> clients = new ArrayList<>();
    private boolean quiet;

    private ClusterSimulation(long seed, ClusterBug bug) {
        schedule = new Schedule(seed);
        faults = new Faults(schedule);
        calm = schedule.chance(0.2);
        if (calm) {
            faults.end();
        }
        boolean disturbed = !calm || schedule.chance(0.5);
        groups = new GroupLedger(ledger, calm, !disturbed);
        network = new SimNetwork(schedule);
        database = new SimDatabaseState(schedule, ledger, groups, wills, bug);
        connections = new SimConnections(schedule, ledger, wills, network, calm);
        var shared = new SimMachine.Shared(schedule, faults, bug, network, database, connections);
        SessionLimits limits = limits();
        int nodes = 3 + schedule.below(2);
        for (int i = 0; i < nodes; i++) {
            machines.add(new SimMachine("node" + i, shared, limits));
        }
        var around = new SimClient.Surroundings(this::anyServer, Optional.of(wills), disturbed);
        int count = 3 + schedule.below(4);
        for (int i = 0; i < count; i++) {
            clients.add(new SimClient(schedule, faults, ledger, around, i));
        }
        int members = schedule.chance(0.6) ? 2 + schedule.below(3) : 0;
        for (int i = count; i < count + members; i++) {
            clients.add(new SimClient(schedule, faults, ledger, around, i, Optional.of(groups)));
        }
    }

    private SessionLimits limits() {
        return new SessionLimits(
                10, 1 + schedule.below(8), 100_000, 1 << 30, 1 + schedule.below(10), 2_000, 8, 400, 50, 1_000, 5_000);
    }

    private Link.Server anyServer() {
        return machines.get(schedule.below(machines.size()));
    }

    /** What a run came to. */
    record Outcome(int acks, long deliveries, long dealt, int wills) {}

    /**
     * Runs one seed.
     *
     * @throws AssertionError when a promise was broken, or the broker threw
     */
    static Outcome run(long seed, ClusterBug bug) {
        var simulation = new ClusterSimulation(seed, bug);
        try (var errors = new ErrorLog()) {
            simulation.run(errors);
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    "seed " + seed + " (replay: -Dsimulation.cluster.seed=" + seed + "): " + e.getMessage(), e);
        }
        return new Outcome(
                simulation.ledger.acks(),
                simulation.ledger.deliveries(),
                simulation.groups.deliveries(),
                simulation.wills.count());
    }

    private void run(ErrorLog errors) {
        for (SimMachine machine : machines) {
            schedule.after(schedule.below(500), () -> machine.start(false));
        }
        for (SimClient client : clients) {
            schedule.after(START_MILLIS + schedule.below(500), client::begin);
        }
        if (!calm) {
            new SimTroubles(schedule, network, database, connections, machines).plan(START_MILLIS, TROUBLE_MILLIS);
        }
        runUntil(Schedule.BEGIN + START_MILLIS + TROUBLE_MILLIS, errors);
        quiet = true;
        faults.end();
        machines.forEach(machine -> machine.start(true));
        clients.forEach(SimClient::end);
        long end = schedule.now() + QUIET_MILLIS;
        boolean wasDone = false;
        while (schedule.now() < end && !(wasDone && isDone())) {
            wasDone = isDone();
            runUntil(schedule.now() + (wasDone ? 3_000 : 1_000), errors); // what comes twice, comes then
        }
        account();
    }

    private void runUntil(long time, ErrorLog errors) {
        while (schedule.now() < time) {
            schedule.runUntil(Math.min(time, schedule.now() + 100));
            connections.rethrow();
            connections.checkPairs();
            connections.checkLeases(brokers(), database.isAway());
            errors.rethrow();
        }
    }

    private List<SimBroker> brokers() {
        return machines.stream()
                .map(SimMachine::broker)
                .filter(Objects::nonNull)
                .toList();
    }

    private boolean isDone() {
        return clients.stream().allMatch(SimClient::isDone)
                && machines.stream().allMatch(SimMachine::isServing)
                && ledger.isComplete()
                && wills.missing(willsOfLiving()).isEmpty();
    }

    private void account() {
        ledger.checkComplete();
        List<Ledger.Key> missing = wills.missing(willsOfLiving());
        Ledger.check(missing.isEmpty(), "wills never published: " + missing);
        Ledger.check(machines.stream().allMatch(SimMachine::isServing), "not all nodes serve: " + machines);
        Ledger.check(clients.stream().allMatch(SimClient::isDone), "not all clients came to an end: " + clients);
        connections.checkSingle();
    }

    private Set<Ledger.Key> willsOfLiving() {
        Set<Ledger.Key> living = new HashSet<>();
        for (SimConnection connection : connections.live()) {
            Ledger.@Nullable Key will = connection.link().will();
            if (will != null) {
                living.add(will);
            }
        }
        return living;
    }

    @Override
    public String toString() {
        return "nodes=" + machines.size() + " clients=" + clients.size() + (calm ? " calm" : "")
                + (quiet ? " quiet" : "");
    }
}
