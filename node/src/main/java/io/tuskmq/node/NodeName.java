package io.tuskmq.node;

import io.tuskmq.node.cluster.ClusterNode;
import io.tuskmq.storage.Leases;
import io.tuskmq.storage.Leases.Lease;
import io.tuskmq.storage.Leases.Namesake;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.List;

/**
 * Sees to it that of the processes that run one has this node's name. A lease that moves on is that of a process that runs; one that stands for longer
 * than a heartbeat takes is left over from a process that was killed or paused: it is ended, so that a restart need not wait for the lease's end.
 */
final class NodeName {
    /** How late a heartbeat may be. */
    private static final long LATE_MILLIS = 500;

    private static final long LOOK_MILLIS = 100;

    private final Vertx vertx;
    private final Leases leases;
    private final String name;
    private final long leaseMillis;

    /** @param leaseMillis of this node and, as they should be configured alike, of the others */
    NodeName(Vertx vertx, Leases leases, String name, long leaseMillis) {
        this.vertx = vertx;
        this.leases = leases;
        this.name = name;
        this.leaseMillis = leaseMillis;
    }

    /** Takes the name from a process that has ended, at once if there is none; fails NAME_TAKEN when it runs. */
    Future<Void> take() {
        long end = ClusterNode.now() + ClusterNode.beatMillis(leaseMillis) + LATE_MILLIS;
        return leases.namesakes(name)
                .compose(before -> untilStill(before, end))
                .compose(still -> leases.endNamesakes(name));
    }

    private Future<Void> untilStill(List<Namesake> before, long end) {
        if (before.isEmpty()) {
            return Future.succeededFuture();
        }
        return pause().compose(paused -> leases.namesakes(name)).compose(now -> {
            if (!before.containsAll(now)) {
                return Future.failedFuture(taken(ExitCode.NAME_TAKEN));
            }
            return ClusterNode.now() >= end ? Future.succeededFuture() : untilStill(now, end);
        });
    }

    private Future<Void> pause() {
        Promise<Void> over = Promise.promise();
        vertx.setTimer(LOOK_MILLIS, timer -> over.complete());
        return over.future();
    }

    /** For a process that was ended and comes back: whoever has its name now keeps it. Two processes of one name would end each other for ever. */
    Future<Void> leaveToOthers() {
        return leases.namesakes(name)
                .compose(others ->
                        others.isEmpty() ? Future.succeededFuture() : Future.failedFuture(taken(ExitCode.LEASE_LOST)));
    }

    /** When two have started at the same time, the one that registered later fails NAME_TAKEN, and gives its lease back. */
    Future<Lease> firstOf(Lease own) {
        return leases.namesakes(name)
                .compose(all -> all.stream().allMatch(one -> one.incarnation() >= own.incarnation())
                        ? Future.succeededFuture(own)
                        : leases.release(own.incarnation())
                                .compose(released -> Future.failedFuture(taken(ExitCode.NAME_TAKEN))));
    }

    private StartException taken(ExitCode code) {
        return new StartException(code, "another node that runs is called " + name + " (node.name)");
    }
}
