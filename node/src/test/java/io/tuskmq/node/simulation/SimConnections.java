package io.tuskmq.node.simulation;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** All connections that the brokers have, and what must hold of them: one for each client id (I5), and their wills (I8). */
final class SimConnections {
    /** A node can't ask another one while nothing passes between them, nor before they are linked again. */
    private static final long CUT_MILLIS = 1_500;
    /** When they are, a heartbeat may pass until one asks again, and an answer may be late. */
    private static final long PAIR_MILLIS = 1_500;
    /**
     * A node may find out that late: when its own clock says so, if it can't reach the database; a heartbeat and half a lease later if it was
     * away for all, for then others wait so long for it, and ask it.
     */
    private static final long LEASE_OVER_MILLIS = 3_500;

    /** Two live connections of one client. */
    private record Pair(SimConnection older, SimConnection newer) {}

    private final Schedule schedule;
    private final Ledger ledger;
    private final WillLedger wills;
    private final SimNetwork network;
    private final boolean calm;
    private final Set<SimConnection> live = new LinkedHashSet<>();
    private final Map<Pair, Long> pairs = new HashMap<>();
    private final Map<SimBroker, Long> leaseOver = new HashMap<>();
    private @Nullable AssertionError first;
    private int count;

    SimConnections(Schedule schedule, Ledger ledger, WillLedger wills, SimNetwork network, boolean calm) {
        this.schedule = schedule;
        this.ledger = ledger;
        this.wills = wills;
        this.network = network;
        this.calm = calm;
    }

    Ledger ledger() {
        return ledger;
    }

    int next() {
        return ++count;
    }

    // --- what is found on the broker's own threads, which catch what is thrown

    void check(boolean holds, Supplier<String> what) {
        noting(() -> Ledger.check(holds, what.get()));
    }

    void noting(Runnable check) {
        try {
            check.run();
        } catch (AssertionError e) {
            first = first == null ? e : first;
        }
    }

    void rethrow() {
        AssertionError found = first;
        if (found != null) {
            throw found;
        }
    }

    // --- connections

    void accepted(SimConnection connection) {
        Link link = connection.link();
        Ledger.Key will = link.will();
        if (will != null) {
            wills.accepted(will, link.isWillDelayed());
        }
        for (SimConnection older : live) {
            boolean same = older.link().client() == link.client();
            if (same && isServed(older) && connection.broker().holdsLease()) {
                boolean excused = wasCut(older, connection);
                check(excused, () -> "two live connections (I5): " + older + " and " + connection);
            }
        }
        live.add(connection);
    }

    /** A node that is stopped can't let go, and is ended when its lease is over. */
    private static boolean isServed(SimConnection connection) {
        return connection.isLive()
                && connection.broker().holdsLease()
                && !connection.broker().process().isStopped();
    }

    /** Two connections that one of the nodes accepted when it could not ask the other one: one must go when they are linked again. */
    void checkPairs() {
        Set<Pair> now = new HashSet<>();
        for (SimConnection one : live) {
            for (SimConnection other : live) {
                boolean two = one.number() < other.number()
                        && one.link().client() == other.link().client();
                if (two && isServed(one) && isServed(other) && !wasCut(one, other)) {
                    now.add(new Pair(one, other));
                }
            }
        }
        pairs.keySet().retainAll(now);
        for (Pair pair : now) {
            long since = pairs.computeIfAbsent(pair, p -> schedule.now());
            Ledger.check(schedule.now() - since <= PAIR_MILLIS, "two connections stay (I5): " + pair);
        }
    }

    private boolean wasCut(SimConnection one, SimConnection other) {
        return network.wasCut(
                one.broker().others().machine(), other.broker().others().machine(), CUT_MILLIS);
    }

    void ended(SimConnection connection) {
        live.remove(connection);
    }

    /** DISCONNECT was read. */
    void disconnected(SimConnection connection) {
        Ledger.Key will = connection.link().will();
        if (will == null) {
            return;
        }
        if (calm) {
            wills.dropped(will);
        }
    }

    /** The process is gone. */
    void died(SimBroker broker) {
        for (SimConnection connection : List.copyOf(live)) {
            if (connection.broker() == broker) {
                live.remove(connection);
                connection.link().cut();
            }
        }
    }

    /**
     * Nobody is served by a node whose lease is long over, as long as others have the database: they may have taken what was its.
     *
     * @param brokers all that run
     */
    void checkLeases(List<SimBroker> brokers, boolean databaseAway) {
        for (SimBroker broker : brokers) {
            boolean excused = databaseAway
                    || broker.holdsLease()
                    || broker.process().isStopped()
                    || brokers.stream()
                            .anyMatch(other -> other != broker && other.calls().isCut());
            if (excused) {
                leaseOver.remove(broker);
            } else if (schedule.now() - leaseOver.computeIfAbsent(broker, b -> schedule.now()) > LEASE_OVER_MILLIS) {
                for (SimConnection connection : live) {
                    Ledger.check(
                            connection.broker() != broker || !connection.isLive(),
                            "served although the lease is over (I5): " + connection);
                }
            }
        }
    }

    /** When all is quiet each client has one connection, at a node that lives. */
    void checkSingle() {
        Set<SimClient> clients = new LinkedHashSet<>();
        for (SimConnection connection : live) {
            if (connection.isLive()) {
                Ledger.check(clients.add(connection.link().client()), "two connections at the end (I5): " + live);
                Ledger.check(connection.broker().holdsLease(), "connected at a node without a lease: " + connection);
            }
        }
    }

    Set<SimConnection> live() {
        return live;
    }
}
