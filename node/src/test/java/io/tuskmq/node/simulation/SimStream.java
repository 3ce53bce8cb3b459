package io.tuskmq.node.simulation;

/** One node's connection to another: what it is told arrives in its order, until the connection breaks. */
final class SimStream {
    final SimCluster from;
    final SimCluster to;
    private final Schedule schedule;
    private boolean broken;
    private long lastThere;
    private long lastBack;

    SimStream(Schedule schedule, SimCluster from, SimCluster to) {
        this.schedule = schedule;
        this.from = from;
        this.to = to;
    }

    boolean isBroken() {
        return broken;
    }

    /** What is on its way is lost; the ends hear of it later. */
    void lose() {
        broken = true;
    }

    void there(Runnable arrival) {
        lastThere = Math.max(lastThere, schedule.now() + schedule.delay(6));
        schedule.at(lastThere, () -> arrives(arrival));
    }

    void back(Runnable arrival) {
        lastBack = Math.max(lastBack, schedule.now() + schedule.delay(6));
        schedule.at(lastBack, () -> arrives(arrival));
    }

    private void arrives(Runnable arrival) {
        if (!broken) {
            arrival.run();
        }
    }
}
