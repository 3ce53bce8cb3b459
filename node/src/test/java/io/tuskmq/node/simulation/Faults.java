package io.tuskmq.node.simulation;

/** How often what goes wrong; probabilities per occasion. Drawn anew for each seed, and all zero at the end of a run. */
final class Faults {
    private final Schedule schedule;
    private double databaseFails;
    private double answerLost;
    private double cut;
    private double forwardsLost;
    private double readFails;

    Faults(Schedule schedule) {
        this.schedule = schedule;
        databaseFails = some(0.1);
        answerLost = some(0.1);
        cut = some(0.03);
        forwardsLost = some(0.1);
        readFails = some(0.1);
    }

    /** Half of the kinds are off in a run, so that runs differ. */
    private double some(double most) {
        return schedule.chance(0.5) ? 0 : most * schedule.below(1_000) / 1_000;
    }

    void end() {
        databaseFails = 0;
        answerLost = 0;
        cut = 0;
        forwardsLost = 0;
        readFails = 0;
    }

    double databaseFails() {
        return databaseFails;
    }

    double answerLost() {
        return answerLost;
    }

    /** At each packet: the connection is cut, and the packet with all behind it is lost. */
    double cut() {
        return cut;
    }

    double forwardsLost() {
        return forwardsLost;
    }

    double readFails() {
        return readFails;
    }
}
