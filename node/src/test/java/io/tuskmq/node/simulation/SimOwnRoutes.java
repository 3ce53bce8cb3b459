package io.tuskmq.node.simulation;

import io.tuskmq.cluster.rules.RouteAcks;
import io.tuskmq.cluster.rules.RouteBatch;
import io.tuskmq.cluster.rules.RouteChange;
import io.tuskmq.cluster.rules.RouteDigest;
import io.tuskmq.cluster.rules.RouteHash;
import io.tuskmq.cluster.rules.RouteJournal;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** One node's own routes, as {@code OwnRoutes} keeps them: a journal in Hazelcast, snapshots over the links, acknowledgements. */
final class SimOwnRoutes {
    private static final long AGAIN_MILLIS = 200;

    /** A snapshot; {@code position} is where its reader goes on in the journal. */
    record Snapshot(
            RouteHash hash,
            long base,
            long verifiedFrom,
            long at,
            RouteDigest digest,
            int position,
            List<RouteChange> routes) {}

    private final SimCluster node;
    private final SimNetwork network;
    private final SimProcess process;
    private final Schedule schedule;
    private final Faults faults;
    private final RouteHash hash;
    private final RouteJournal routes;
    private final RouteAcks<Promise<Void>> acks = new RouteAcks<>();
    private boolean started;
    private boolean writing;
    private int position;

    SimOwnRoutes(SimCluster node, SimBroker.Around around) {
        this.node = node;
        this.network = around.network();
        this.process = around.process();
        this.schedule = around.schedule();
        this.faults = around.faults();
        this.hash = new RouteHash(schedule.below(1_000_000), schedule.below(1_000_000));
        this.routes = new RouteJournal(hash);
    }

    void start() {
        started = true;
        changedSome();
    }

    void changed(String filter, int flags) {
        routes.change(filter, flags);
        changedSome();
    }

    private void changedSome() {
        if (started && !writing) {
            writing = true;
            next();
        }
    }

    private void next() {
        if (routes.isWaiting()) {
            write(routes.next());
        } else {
            writing = false;
        }
    }

    /** A batch may be written twice, or be written and lost. */
    private void write(RouteBatch batch) {
        schedule.after(schedule.delay(8), () -> {
            boolean fails = !network.reachesJournals(node) || schedule.chance(faults.databaseFails());
            boolean written = !fails || schedule.chance(0.3);
            List<RouteBatch> journal = network.journal(node.incarnation());
            if (written && !schedule.chance(faults.forwardsLost())) {
                journal.add(batch);
            }
            int at = journal.size();
            if (fails) {
                process.after(AGAIN_MILLIS, () -> write(batch));
            } else {
                schedule.after(
                        schedule.delay(4),
                        () -> node.receive(() -> {
                            position = at;
                            next();
                        }));
            }
        });
    }

    Future<Void> applied(Set<Long> by) {
        Promise<Void> promise = Promise.promise();
        if (!acks.await(promise, routes.target(), by)) {
            promise.complete();
        }
        return promise.future();
    }

    void applied(long peer, long sequence) {
        acks.applied(peer, sequence).forEach(Promise::complete);
    }

    void gone(long peer) {
        acks.gone(peer).forEach(Promise::complete);
    }

    void tellState(SimPeer to) {
        long sequence = routes.sequence();
        RouteDigest digest = routes.digest();
        long self = node.incarnation();
        to.tell(there -> {
            SimPeer owner = there.peer(self);
            if (owner != null) {
                owner.routes.owner(sequence, digest);
            }
        });
    }

    /** In three steps, between which routes may change. */
    void snapshot(Consumer<Snapshot> ready) {
        long base = routes.sequence();
        int from = position;
        process.after(schedule.below(5), () -> {
            List<RouteChange> entries = new ArrayList<>();
            node.listener().forEachOwnRoute((filter, ahead) -> {
                int flags = routes.flags(filter);
                if (flags != 0) {
                    entries.add(new RouteChange(filter, flags));
                }
            });
            process.after(
                    schedule.below(5),
                    () -> ready.accept(new Snapshot(
                            hash, base, routes.target(), routes.sequence(), routes.digest(), from, entries)));
        });
    }
}
