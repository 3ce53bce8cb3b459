package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Peer;
import io.tuskmq.node.rules.LeaseGuard;
import io.tuskmq.node.rules.PeerHealth;
import io.tuskmq.node.rules.PeerWatch;
import io.tuskmq.storage.Leases;
import io.tuskmq.storage.StorageException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's heartbeat: renews its lease, learns from PostgreSQL who is alive and what was committed, ends nodes that are dead, and says
 * when this one must stop serving. Lives on a context of its own, which nothing else keeps busy: what it calls waits for no other thread, or
 * for 50 ms at most.
 */
final class Membership {
    /** This node as registered. */
    record Own(long incarnation, String name, long leaseMillis, long registeredAtMillis) {}

    private static final Logger LOG = LoggerFactory.getLogger(Membership.class);
    private static final long LOOK_MILLIS = 100;
    /** A look that is later than that: the process stood still, and did not see its lease end. */
    private static final long STILL_MILLIS = 3 * LOOK_MILLIS;
    /** A peer that doesn't answer is asked again with the next heartbeat. */
    private static final long ALIVE_MILLIS = 1_000;

    private final Context context;
    private final Leases leases;
    private final Cluster cluster;
    private final LaneHandling lanes;
    private final Forwards forwards;
    private final ClusterClientIds ids;
    private final ClusterCounters counters;
    private final LongSupplier clock;
    private final Own own;
    private final long beatMillis;
    private final Host host;

    private final LeaseGuard guard;
    private final PeerWatch watch;
    private final Map<Long, Cluster.Node> others = new HashMap<>();
    /** Those that this node is ending. Until PostgreSQL says that they are, they may be ending this one. */
    private final Set<Long> takenForDead = new HashSet<>();

    private final Set<Long> heard = new HashSet<>();
    private final Set<Long> linked = new HashSet<>();
    private final PeerHealth health;
    private volatile List<String> unlinkable = List.of();
    private Promise<Void> beat = Promise.promise();
    private boolean beating;
    private boolean beatAgain;
    private boolean suspended;
    /** Whether the peers are being asked if they know that this node is back. */
    private boolean returning;

    private long returningSinceMillis;
    private volatile boolean stopped;
    final Standing standing;
    private long beatAtMillis;
    private long lookedAtMillis;

    /** The parts that it works with. */
    record Around(
            Leases leases,
            Cluster cluster,
            LaneHandling lanes,
            Forwards forwards,
            ClusterClientIds ids,
            ClusterCounters counters,
            LongSupplier clock) {}

    Membership(Context context, Around around, Own own, Host host) {
        this.context = context;
        this.leases = around.leases();
        this.cluster = around.cluster();
        this.lanes = around.lanes();
        this.forwards = around.forwards();
        this.ids = around.ids();
        this.counters = around.counters();
        this.clock = around.clock();
        this.own = own;
        this.beatMillis = ClusterNode.beatMillis(own.leaseMillis());
        this.host = host;
        this.guard = new LeaseGuard(own.leaseMillis(), own.registeredAtMillis());
        this.watch = new PeerWatch(own.leaseMillis());
        this.health = new PeerHealth(own.leaseMillis());
        this.beatAtMillis = own.registeredAtMillis();
        this.lookedAtMillis = own.registeredAtMillis();
        this.standing = new Standing(own.incarnation(), guard.endsAt(), own.registeredAtMillis());
    }

    /** Milliseconds of the clock that leases are counted by: one that only goes on. */
    private long now() {
        return clock.getAsLong();
    }

    /** Begins; completes with the first heartbeat's success. */
    Future<Void> start() {
        context.runOnContext(begun -> context.owner().setPeriodic(LOOK_MILLIS, timer -> {
            if (stopped) {
                context.owner().cancelTimer(timer);
            } else {
                context.runOnContext(nothing -> lookAround());
            }
        }));
        return beatNow();
    }

    /** Whether there are no more heartbeats: the lease was lost, or is given back. From any thread. */
    boolean isStopped() {
        return stopped;
    }

    /** Whether nobody can have taken this node for dead. From any thread. */
    boolean holdsLease() {
        return !stopped && now() < standing.leaseEndsAtMillis();
    }

    /** No more heartbeats; the lease is left as it is. */
    void stop() {
        stopped = true;
    }

    /** Something may have happened: the next heartbeat comes at once. Completes when one that began after this call has succeeded. */
    Future<Void> beatNow() {
        Promise<Void> next = Promise.promise();
        context.runOnContext(nothing -> {
            beat.future().onComplete(next);
            if (beating) {
                beatAgain = true;
            } else {
                renew();
            }
        });
        return next.future();
    }

    // --- what links say

    void linked(Peer peer) {
        context.runOnContext(nothing -> {
            linked.add(peer.incarnation());
            met(peer);
        });
    }

    void heard(Peer peer) {
        context.runOnContext(nothing -> {
            heard.add(peer.incarnation());
            met(peer);
            if (!others.containsKey(peer.incarnation())) {
                beatNow(); // it has just registered
            }
        });
    }

    private void met(Peer peer) {
        if (isJoined(peer.incarnation())) {
            watch.linked(peer.incarnation());
            LOG.info("peer={} incarnation={} linked", peer.name(), peer.incarnation());
            serveAgain();
        }
    }

    private boolean isJoined(long incarnation) {
        return linked.contains(incarnation) && heard.contains(incarnation);
    }

    void unlinked(Peer peer, boolean refused) {
        context.runOnContext(nothing -> {
            if (linked.remove(peer.incarnation())) {
                LOG.warn("peer={} incarnation={} link is down", peer.name(), peer.incarnation());
            }
            if (refused) {
                watch.refused(peer.incarnation());
            }
        });
    }

    void silent(Peer peer) {
        context.runOnContext(nothing -> {
            heard.remove(peer.incarnation());
            health.silent(peer.incarnation());
        });
    }

    void gone(Peer peer) {
        context.runOnContext(nothing -> {
            linked.remove(peer.incarnation());
            health.silent(peer.incarnation());
        });
    }

    void health(Peer peer, boolean sparesOthers) {
        context.runOnContext(nothing -> health.said(peer.incarnation(), sparesOthers, now()));
    }

    // --- now and then

    private void lookAround() {
        long now = now();
        boolean databaseAway = now - beatAtMillis > 2 * beatMillis + LOOK_MILLIS;
        forwards.tellHeads();
        forwards.tellHealth(new Frames.Health(databaseAway || guard.othersHaveTheirTurn(now), ids.word()));
        List<Long> reached = others.keySet().stream().filter(linked::contains).toList();
        if (guard.mustStopServing(now, others.size() + takenForDead.size(), health.sparing(reached, now))) {
            stopServing();
        }
        lookedAtMillis = now;
        // After it: once the lease is renewed, others take this node's clients for what they are.
        if (!beating && now - beatAtMillis >= beatMillis) {
            renew();
        }
        revokeVictims(now);
    }

    private void stopServing() {
        if (!suspended && host.isServing()) {
            suspended = true;
            LOG.warn("node={} could not renew its lease: it stops serving", own.name());
            host.suspend();
        }
    }

    /** Whether this node serves, or waits so long to do so again that one of those who can't reach each other must go. */
    private boolean mayRevoke(long now) {
        return suspended ? !guard.isOver(now) && now - returningSinceMillis >= 2 * own.leaseMillis() : host.isServing();
    }

    private void revokeVictims(long now) {
        List<Long> apart =
                others.keySet().stream().filter(peer -> !isJoined(peer)).toList();
        if ((suspended && !mayRevoke(now)) || stopped || apart.isEmpty()) {
            return;
        }
        for (long victim : watch.victims(others.keySet(), apart, mayRevoke(now), now)) {
            Cluster.Node node = others.remove(victim); // once; should it be alive after all, the next heartbeat says so
            LOG.warn(
                    "peer={} incarnation={} is taken for dead",
                    node == null ? "?" : node.peer().name(),
                    victim);
            takenForDead.add(victim);
            leases.revoke(own.incarnation(), victim)
                    .onSuccess(byThis -> context.runOnContext(nothing -> revoked(victim, byThis)))
                    .onFailure(this::failed);
        }
    }

    private void revoked(long victim, boolean byThis) {
        takenForDead.remove(victim);
        if (byThis) {
            counters.revoked();
        }
        ended();
    }

    private void ended() {
        host.othersEnded();
        beatNow();
    }

    // --- the heartbeat

    private void renew() {
        if (stopped) {
            return;
        }
        beating = true;
        Promise<Void> mine = beat;
        beat = Promise.promise();
        long sentAt = now();
        leases.renew(own.incarnation(), own.leaseMillis())
                .onComplete(done -> context.runOnContext(nothing -> {
                    beating = false;
                    if (done.succeeded()) {
                        renewed(sentAt, done.result());
                        mine.tryComplete();
                    } else {
                        failed(done.cause());
                        mine.tryFail(done.cause());
                    }
                    if (beatAgain) {
                        beatAgain = false;
                        renew();
                    }
                }));
    }

    private void renewed(long sentAt, Leases.Heartbeat heartbeat) {
        boolean lapsed = guard.isOver(now());
        if (lapsed && now() - lookedAtMillis > STILL_MILLIS) {
            stopServing();
        }
        if (lapsed) {
            returningSinceMillis = now();
        }
        beatAtMillis = sentAt;
        guard.renewed(sentAt);
        takenForDead.clear();
        others.values().removeIf(other -> !hasItsTurn(other.peer().incarnation()));
        LinkableNodes.of(heartbeat, own.incarnation())
                .forEach(node -> others.put(node.peer().incarnation(), node));
        standing.renewed(guard.endsAt(), sentAt, others.keySet());
        unlinkable = LinkableNodes.missingIn(heartbeat, own.incarnation());
        cluster.nodes(others.values());
        ids.heartbeat(others.keySet());
        if (lapsed && !suspended) {
            ids.lapsed();
        }
        lanes.heartbeat(heartbeat.lanes(), own.incarnation());
        serveAgain();
        if (!guard.mayEndOthers(now()) || !(suspended || host.isServing())) {
            return;
        }
        leases.endExpired()
                .onSuccess(ended -> {
                    if (!ended.isEmpty()) {
                        LOG.warn("nodes={} have died", ended);
                        context.runOnContext(nothing -> ended());
                    }
                })
                .onFailure(failure -> LOG.debug("dead nodes are looked for later: {}", failure.getMessage()));
    }

    /** Its lease may have run out while the database was away for all, and it stands by: it is asked as before, until it had time to renew. */
    private boolean hasItsTurn(long incarnation) {
        return guard.othersHaveTheirTurn(now()) && isJoined(incarnation);
    }

    /**
     * Clients may come again when every other node counts this one among the live ones: else it would not be asked to let go of those that
     * connect there (I5).
     */
    private void serveAgain() {
        if (!suspended || returning || guard.isOver(now())) {
            return;
        }
        returning = true;
        isKnown()
                .onSuccess(known -> context.runOnContext(nothing -> {
                    returning = false;
                    if (known && suspended && !stopped && !guard.isOver(now())) {
                        suspended = false;
                        LOG.info("node={} has its lease again", own.name());
                        host.resume();
                    }
                }));
    }

    /**
     * Whether every other node counts this one among the live ones, and this one has all their routes of then: what it commits from now on
     * it forwards to all whose sessions rely on it. From any thread; never fails.
     */
    Future<Boolean> isKnown() {
        Promise<Boolean> known = Promise.promise();
        context.runOnContext(nothing -> {
            Set<Long> asked = new TreeSet<>(others.keySet());
            Future.join(asked.stream()
                            .map(peer -> cluster.ask(peer, Frames.alive(), ALIVE_MILLIS))
                            .toList())
                    .onComplete(answers -> context.runOnContext(
                            then -> known.complete(answers.succeeded() && asked.containsAll(others.keySet()))));
        });
        return known.future();
    }

    /** Live nodes that this one is not joined with, in words. From any thread. */
    List<String> missing() {
        List<String> missing = new ArrayList<>(unlinkable);
        for (Peer peer : cluster.missing()) {
            missing.add(peer.name() + " at " + peer.host() + ":" + peer.port());
        }
        return missing;
    }

    private void failed(Throwable failure) {
        if (failure instanceof StorageException storage && storage.kind() == StorageException.Kind.FENCED) {
            if (!stopped) {
                stopped = true;
                host.fenced();
            }
        } else {
            LOG.debug("no heartbeat: {}", failure.getMessage());
        }
    }
}
