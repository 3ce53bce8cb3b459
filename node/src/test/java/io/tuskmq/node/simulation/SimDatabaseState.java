package io.tuskmq.node.simulation;

import io.tuskmq.storage.Append;
import io.tuskmq.storage.Filters;
import io.tuskmq.storage.Leases;
import io.tuskmq.storage.MemoryInside;
import io.tuskmq.storage.MemoryRunner;
import io.tuskmq.storage.MemoryStore;
import io.tuskmq.storage.Sessions;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** The database of all nodes: the tables of a {@link MemoryStore}, and what must hold in each of its transactions. */
final class SimDatabaseState {
    /** What only an owner may do: nothing comes of it when its node was ended (I4). */
    private static final Set<String> OWNERS_ONLY = Set.of(
            "lane.append",
            "sessions.claim",
            "sessions.checkpoint",
            "sessions.release",
            "sessions.subscribe",
            "sessions.unsubscribe",
            "sessions.retainedProgress",
            "sessions.forgetReceipt");

    /** A copy of the filters for a store that no node uses. */
    private static final Filters.Copy NO_COPY = new Filters.Copy() {
        @Override
        public long version() {
            return 0;
        }

        @Override
        public void apply(Filters.Changes changes) {
            throw new IllegalStateException("nobody follows the filters here");
        }
    };

    private final Schedule schedule;
    private final Ledger ledger;
    private final GroupLedger groups;
    private final WillLedger wills;
    private final ClusterBug bug;
    private final MemoryStore store;
    private final MemoryInside inside;
    private final Map<Long, List<Leases.Lane>> lanes = new HashMap<>();
    private final Map<Long, List<Append.Receipt>> receipts = new HashMap<>();
    private final Map<Long, Sessions.Take> takes = new HashMap<>();
    private long awayUntil;

    SimDatabaseState(Schedule schedule, Ledger ledger, GroupLedger groups, WillLedger wills, ClusterBug bug) {
        this.schedule = schedule;
        this.ledger = ledger;
        this.groups = groups;
        this.wills = wills;
        this.bug = bug;
        store = new MemoryStore(schedule::now, MemoryRunner.immediate(), NO_COPY);
        inside = new MemoryInside(store);
        inside.watch(this::appended);
    }

    /** A node's store on it. */
    MemoryStore of(MemoryRunner calls, Filters.Copy copy) {
        return store.another(calls, copy);
    }

    MemoryInside inside() {
        return inside;
    }

    void awayFor(long millis) {
        awayUntil = Math.max(awayUntil, schedule.now() + millis);
    }

    boolean isAway() {
        return schedule.now() < awayUntil;
    }

    /** For planted mistakes: what the node may write, and the receipts that it wants to. */
    void leased(long incarnation, List<Leases.Lane> of) {
        lanes.put(incarnation, of);
    }

    void receipt(long incarnation, Append.Receipt receipt) {
        receipts.computeIfAbsent(incarnation, i -> new ArrayList<>()).add(receipt);
    }

    /** The same for what members take over from groups. */
    void take(Sessions.Take take) {
        takes.put(take.groupId(), take);
    }

    ClusterBug bug() {
        return bug;
    }

    <T> Future<T> carryOut(long incarnation, String operation, Supplier<T> work) {
        boolean guarded = incarnation != 0 && OWNERS_ONLY.contains(operation) && !inside.isRegistered(incarnation);
        String before = guarded ? inside.guarded() : "";
        boolean changesSubscriptions = operation.startsWith("sessions.");
        Map<String, Set<String>> filters = changesSubscriptions ? inside.loggedFilters() : Map.of();
        Future<T> done = MemoryRunner.carryOut(() -> transaction(incarnation, operation, work));
        if (guarded) {
            Ledger.check(
                    before.equals(inside.guarded()),
                    operation + " of node " + incarnation + ", which was ended, took effect (I4)");
        }
        if (changesSubscriptions) {
            Map<String, Set<String>> now = inside.loggedFilters();
            filters.forEach((client, had) -> {
                if (GroupLedger.isGroup(client) && !now.containsKey(client)) {
                    groups.removed(client);
                }
                had.removeAll(now.getOrDefault(client, Set.of()));
                had.forEach(filter -> ledger.expectsNoMore(client, filter));
            });
        }
        return done;
    }

    private <T> T transaction(long incarnation, String operation, Supplier<T> work) {
        if (operation.equals("sessions.take") && bug == ClusterBug.TAKE_OF_ANY_EPOCH) {
            return inside.inEpochsOfTakes(takes.values(), work);
        }
        if (!operation.equals("lane.append")) {
            return work.get();
        }
        return switch (bug) {
            case APPEND_WITHOUT_FENCE -> inside.asOwner(lanes.getOrDefault(incarnation, List.of()), work);
            case RECEIPT_OF_ANY_EPOCH -> inside.inEpochsOf(receipts.getOrDefault(incarnation, List.of()), work);
            case WILL_NOT_CONSUMED -> inside.keepingWills(work);
            default -> work.get();
        };
    }

    private void appended(Leases.Lane lane, Append append) {
        Ledger.Key key = Ledger.Key.of(append.message());
        Append.Receipt receipt = append.receipt();
        Ledger.check(
                receipt == null || inside.isCurrent(receipt),
                "a QoS 2 message of a session that is elsewhere (I3): " + key);
        if (append.willId() != 0) {
            wills.published(key);
        }
        ledger.committed(key, receipt != null);
        groups.committed(key);
        inside.loggedFilters().forEach((client, filters) -> {
            for (String filter : filters) {
                if (append.message().qos() > 0
                        && Topics.matches(filter, append.message().topic())) {
                    ledger.expects(client, filter, key);
                }
            }
        });
        ledger.expectsOfSubAcks(key);
    }
}
