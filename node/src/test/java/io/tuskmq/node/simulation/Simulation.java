package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.SessionLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One run: some clients, one node that may crash, one database that may go away; trouble first, then quiet, then the account. */
final class Simulation {
    private static final long TROUBLE_MILLIS = 15_000;
    private static final long QUIET_MILLIS = 120_000;

    private final Schedule schedule;
    private final Faults faults;
    private final Ledger ledger = new Ledger();
    private final SimDatabase database;
    private final SimStore store;
    private final SimNode node;
    private final List<SimClient> clients = new ArrayList<>();

    private Simulation(long seed, Bug bug) {
        schedule = new Schedule(seed);
        faults = new Faults(schedule);
        database = new SimDatabase(schedule, faults);
        store = new SimStore(schedule, ledger, bug);
        node = new SimNode(schedule, faults, store, database, bug, limits());
        var around = new SimClient.Surroundings(() -> node, Optional.empty(), true);
        int count = 3 + schedule.below(4);
        for (int i = 0; i < count; i++) {
            clients.add(new SimClient(schedule, faults, ledger, around, i));
        }
    }

    /** Small ones, so that every limit is reached. */
    private SessionLimits limits() {
        return new SessionLimits(
                10, 1 + schedule.below(8), 100_000, 1 << 30, 1 + schedule.below(10), 2_000, 8, 400, 50, 1_000, 5_000);
    }

    /** What a run came to, for the reader of the log. */
    record Outcome(int acks, long deliveries) {}

    /**
     * Runs one seed.
     *
     * @throws AssertionError when a promise was broken, or the rules threw
     */
    static Outcome run(long seed, Bug bug) {
        var simulation = new Simulation(seed, bug);
        try {
            simulation.run();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    "seed " + seed + " (replay: -Dsimulation.seed=" + seed + "): " + e.getMessage(), e);
        }
        return new Outcome(simulation.ledger.acks(), simulation.ledger.deliveries());
    }

    private void run() {
        for (SimClient client : clients) {
            schedule.after(schedule.below(500), client::begin);
        }
        for (int i = schedule.below(3); i > 0; i--) {
            schedule.after(schedule.below((int) TROUBLE_MILLIS), this::crash);
        }
        for (int i = schedule.below(3); i > 0; i--) {
            schedule.after(schedule.below((int) TROUBLE_MILLIS), this::restartDatabase);
        }
        schedule.runUntil(Schedule.BEGIN + TROUBLE_MILLIS);
        faults.end();
        node.restart();
        clients.forEach(SimClient::end);
        long end = schedule.now() + QUIET_MILLIS;
        while (schedule.now() < end && !(isDone() && ledger.isComplete())) {
            schedule.runUntil(schedule.now() + 1_000);
        }
        ledger.checkComplete();
        Ledger.check(isDone(), "not all clients came to an end: " + clients);
    }

    private boolean isDone() {
        return clients.stream().allMatch(SimClient::isDone);
    }

    private void crash() {
        node.crash();
        // Often both: the machine went down.
        if (schedule.chance(0.5)) {
            restartDatabase();
        }
        schedule.after(schedule.delay(500), node::restart);
    }

    private void restartDatabase() {
        store.restart();
        database.awayFor(schedule.delay(300));
    }
}
