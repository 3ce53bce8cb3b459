package io.tuskmq.storage;

import io.tuskmq.storage.MemoryTables.LaneRow;
import io.tuskmq.storage.MemoryTables.SessionRow;
import io.tuskmq.storage.MemoryTables.WillRow;
import io.tuskmq.storage.Sessions.StoredSubscription;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/** A look into a {@link MemoryStore}, for those who check what transactions do; and mistakes that a database could make. */
public final class MemoryInside {
    private final MemoryTables tables;
    private Map<Long, Long> trueEpochs = Map.of();

    public MemoryInside(MemoryStore store) {
        tables = store.tables();
    }

    /** Tells of each append in the transaction that stores it. */
    public void watch(BiConsumer<Leases.Lane, Append> watcher) {
        tables.watcher = watcher::accept;
    }

    /** Whether the incarnation was not ended. */
    public boolean isRegistered(long incarnation) {
        return tables.nodes.containsKey(incarnation);
    }

    public boolean hasLease(long incarnation) {
        return tables.hasLease(incarnation);
    }

    public boolean owns(Leases.Lane lane) {
        return tables.lanes.get(lane.laneId() - 1).owner == lane.incarnation();
    }

    /** The filters of the stored subscriptions that the log has rows for, by client; those of groups by {@code $share/group/filter}. */
    public Map<String, Set<String>> loggedFilters() {
        Map<String, Set<String>> filters = new TreeMap<>();
        for (SessionRow session : tables.sessions.values()) {
            for (StoredSubscription s : session.subscriptions.values()) {
                if (s.filterId() != 0 && s.qos() > 0 && s.share().isEmpty()) {
                    filters.computeIfAbsent(session.clientId, id -> new TreeSet<>())
                            .add(s.filter());
                }
            }
        }
        return filters;
    }

    /** All that only the owner of a lane, a session or a will may change, in words. */
    public String guarded() {
        StringBuilder all = new StringBuilder();
        for (SessionRow s : tables.sessions.values()) {
            all.append(s.clientId).append(' ').append(s.epoch).append(' ').append(s.owner);
            all.append(' ').append(s.cursor).append(Arrays.hashCode(s.inflight)).append(s.receipts.keySet());
            all.append(s.subscriptions.keySet()).append('\n');
        }
        tables.lanes.forEach(
                lane -> all.append(lane.laneId).append(' ').append(lane.head).append('\n'));
        return all.append(tables.wills.keySet()).toString();
    }

    /** Whether the receipt's node still has the session, whatever a planted mistake says. */
    public boolean isCurrent(Append.Receipt receipt) {
        SessionRow session = tables.sessions.get(receipt.sessionId());
        long epoch = session == null ? 0 : session.epoch;
        return receipt.epoch() == trueEpochs.getOrDefault(receipt.sessionId(), epoch);
    }

    // --- mistakes

    /** Carries the work out as if these lanes still were the incarnation's. */
    public <T> T asOwner(List<Leases.Lane> lanes, Supplier<T> work) {
        List<Long> owners = new ArrayList<>();
        for (Leases.Lane lane : lanes) {
            LaneRow row = tables.lanes.get(lane.laneId() - 1);
            owners.add(row.owner);
            row.owner = lane.incarnation();
        }
        T result = work.get();
        for (int i = 0; i < lanes.size(); i++) {
            tables.lanes.get(lanes.get(i).laneId() - 1).owner = owners.get(i);
        }
        return result;
    }

    /** Carries the work out as if the sessions were still in the epochs of these receipts. */
    public <T> T inEpochsOf(List<Append.Receipt> receipts, Supplier<T> work) {
        Map<Long, Long> epochs = new TreeMap<>();
        for (Append.Receipt receipt : receipts) {
            SessionRow session = tables.sessions.get(receipt.sessionId());
            if (session != null) {
                epochs.putIfAbsent(session.sessionId, session.epoch);
                session.epoch = receipt.epoch();
            }
        }
        trueEpochs = epochs;
        T result = work.get();
        trueEpochs = Map.of();
        epochs.forEach((id, epoch) -> {
            SessionRow session = tables.sessions.get(id);
            if (session != null) {
                session.epoch = epoch;
            }
        });
        return result;
    }

    /** Carries the work out as if the groups still were in the epochs of these takes. */
    public <T> T inEpochsOfTakes(Collection<Sessions.Take> takes, Supplier<T> work) {
        Map<SessionRow, Long> epochs = new HashMap<>();
        for (Sessions.Take take : takes) {
            SessionRow group = tables.sessions.get(take.groupId());
            if (group != null) {
                epochs.put(group, group.epoch);
                group.epoch = take.groupEpoch();
            }
        }
        T result = work.get();
        epochs.forEach((group, epoch) -> group.epoch = epoch);
        return result;
    }

    /** Carries the work out and leaves the wills that it consumed. */
    public <T> T keepingWills(Supplier<T> work) {
        Map<Long, WillRow> wills = new TreeMap<>(tables.wills);
        T result = work.get();
        wills.forEach(tables.wills::putIfAbsent);
        return result;
    }
}
