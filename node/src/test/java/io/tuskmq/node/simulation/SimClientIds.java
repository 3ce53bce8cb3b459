package io.tuskmq.node.simulation;

import io.tuskmq.cluster.Cluster.Taken;
import io.vertx.core.Future;
import io.vertx.core.Promise;

/** One process's way to the maps of client ids and groups: it may be late, or not answer. */
final class SimClientIds {
    private static final long FORGET_MILLIS = 10_000;

    private final Schedule schedule;
    private final SimNetwork network;
    private final SimProcess process;

    SimClientIds(Schedule schedule, SimNetwork network, SimProcess process) {
        this.schedule = schedule;
        this.network = network;
        this.process = process;
    }

    Future<Taken> take(SimCluster node, String clientId, long millis, SimProcess.Loop answers) {
        Promise<Taken> taken = Promise.promise();
        long numberMin = process.wallMillis() * 1_000;
        process.after(millis, () -> taken.tryFail("the map does not answer"));
        schedule.after(schedule.delay(8), () -> {
            if (network.answers(node, clientId)) {
                Taken answer = network.take(node, clientId, numberMin);
                schedule.after(schedule.delay(8), () -> answers.run(() -> taken.tryComplete(answer)));
            }
        });
        return taken.future();
    }

    void leave(SimCluster node, String clientId, long number) {
        schedule.after(schedule.delay(8), () -> {
            if (network.answers(node, clientId)) {
                network.leave(node, clientId, number);
            }
        });
    }

    void keep(SimCluster node, String clientId, long taken, long number) {
        schedule.after(schedule.delay(8), () -> {
            if (network.answers(node, clientId)) {
                network.keep(node, clientId, taken, number);
            }
        });
    }

    Future<Long> coordinator(SimCluster node, String group, long millis, SimProcess.Loop answers) {
        Promise<Long> found = Promise.promise();
        process.after(millis, () -> found.tryFail("the map does not answer"));
        schedule.after(schedule.delay(8), () -> {
            if (network.answers(node, group)) {
                long answer = network.coordinator(node, group);
                schedule.after(schedule.delay(8), () -> answers.run(() -> found.tryComplete(answer)));
            }
        });
        return found.future();
    }

    void leaveGroup(SimCluster node, String group) {
        schedule.after(schedule.delay(8), () -> {
            if (network.answers(node, group)) {
                network.leaveGroup(node, group);
            }
        });
    }

    /** Unless it is live again by then: its lease had run out, and nobody had ended it. */
    void forgetLater(SimCluster node, long incarnation) {
        schedule.after(FORGET_MILLIS, () -> {
            if (!node.isLive(incarnation)) {
                network.forget(incarnation);
            }
        });
    }
}
