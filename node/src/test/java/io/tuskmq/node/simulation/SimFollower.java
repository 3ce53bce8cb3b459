package io.tuskmq.node.simulation;

import io.tuskmq.cluster.rules.PeerRoutes;
import io.tuskmq.cluster.rules.PeerRoutes.Verdict;
import io.tuskmq.cluster.rules.RouteBatch;
import io.tuskmq.cluster.rules.RouteDigest;
import io.tuskmq.cluster.rules.RouteHash;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Follows one peer's routes, as {@code PeerFollower} does: a snapshot, then its journal, and a snapshot again when something is wrong. */
final class SimFollower {
    private static final long READ_MILLIS = 20;
    private static final long READ_AGAIN_MILLIS = 500;
    private static final long ASK_MILLIS = 30_000;
    private static final long PAUSE_MILLIS = 1_000;

    private final SimCluster own;
    private final SimPeer peer;
    private final SimProcess process;
    private final Schedule schedule;
    private @Nullable PeerRoutes routes;
    private @Nullable RouteHash hash;
    private boolean linked;
    private boolean loading;
    private boolean closed;
    private boolean loaded;
    private long generation;
    private int position;
    private long notBefore;

    SimFollower(SimCluster own, SimPeer peer, SimBroker.Around around) {
        this.own = own;
        this.peer = peer;
        this.process = around.process();
        this.schedule = around.schedule();
    }

    boolean isLoaded() {
        return loaded;
    }

    void linked(boolean now) {
        linked = now;
        if (now && (routes == null || !loaded)) {
            load();
        }
    }

    void close() {
        closed = true;
        generation++;
    }

    void owner(long sequence, RouteDigest digest) {
        if (!loading) {
            PeerRoutes copy = routes;
            judge(copy == null ? Verdict.BROKEN : copy.owner(sequence, digest));
        }
    }

    private void judge(Verdict verdict) {
        PeerRoutes copy = routes;
        loaded = copy != null && copy.isLoaded();
        switch (verdict) {
            case VERIFIED -> acknowledge();
            case PENDING -> {
                // More is on its way.
            }
            case BROKEN -> load();
        }
    }

    private void acknowledge() {
        PeerRoutes copy = routes;
        if (copy != null && copy.verified() > 0) {
            long verified = copy.verified();
            long self = own.incarnation();
            peer.tell(there -> there.routes().applied(self, verified));
        }
    }

    private void load() {
        if (closed || loading || !linked || process.monotonicMillis() < notBefore) {
            return;
        }
        loading = true;
        long mine = ++generation;
        SimOwnRoutes.Snapshot[] answer = new SimOwnRoutes.Snapshot[1];
        Promise<Buffer> here = Promise.promise();
        peer.ask(
                here,
                ASK_MILLIS,
                (there, theirs) -> there.routes().snapshot(made -> {
                    answer[0] = made;
                    theirs.complete(Buffer.buffer());
                }));
        here.future()
                .onComplete(done -> step(mine, () -> loaded(mine, answer[0])), failure -> step(mine, this::failed));
    }

    private void step(long mine, Runnable step) {
        own.receive(() -> {
            if (mine == generation && !closed) {
                step.run();
            }
        });
    }

    private void failed() {
        PeerRoutes copy = routes;
        if (copy != null) {
            copy.snapshotBreaks();
        }
        loading = false;
        loaded = false;
        notBefore = process.monotonicMillis() + PAUSE_MILLIS / 2;
    }

    private void loaded(long mine, SimOwnRoutes.Snapshot snapshot) {
        PeerRoutes copy = routes;
        if (copy == null || !snapshot.hash().equals(hash)) {
            copy = new PeerRoutes(snapshot.hash());
            hash = snapshot.hash();
            routes = copy;
        }
        copy.snapshotBegins(snapshot.base(), snapshot.verifiedFrom());
        for (var route : snapshot.routes()) {
            copy.snapshotEntry(route.filter(), route.flags(), this::route);
        }
        copy.snapshotEnds(each -> own.listener().forEachRoute(peer.slot, each::accept), this::route);
        notBefore = process.monotonicMillis() + PAUSE_MILLIS;
        loading = false;
        position = snapshot.position();
        judge(copy.owner(snapshot.at(), snapshot.digest()));
        read(mine, copy);
    }

    private void route(String filter, int flags) {
        if (!peer.isGone()) {
            own.listener().route(peer.slot, filter, flags);
        }
    }

    private void read(long mine, PeerRoutes copy) {
        schedule.after(schedule.delay(8), () -> {
            if (closed || mine != generation) {
                return;
            }
            List<RouteBatch> journal = own.network().journal(peer.peer.incarnation());
            boolean reaches = own.network().reachesJournals(own);
            List<RouteBatch> found = reaches && position < journal.size()
                    ? List.copyOf(journal.subList(position, journal.size()))
                    : List.of();
            if (found.isEmpty()) {
                process.after(reaches ? READ_MILLIS : READ_AGAIN_MILLIS, () -> step(mine, () -> read(mine, copy)));
            } else {
                schedule.after(schedule.delay(4), () -> step(mine, () -> batches(mine, copy, found)));
            }
        });
    }

    private void batches(long mine, PeerRoutes copy, List<RouteBatch> batches) {
        position += batches.size();
        Verdict verdict = Verdict.PENDING;
        for (RouteBatch batch : batches) {
            Verdict its = copy.batch(batch, this::route);
            verdict = its == Verdict.PENDING && verdict == Verdict.VERIFIED ? verdict : its;
        }
        judge(verdict);
        read(mine, copy);
    }
}
