package io.tuskmq.storage;

import io.tuskmq.storage.MemoryTables.FilterRow;
import io.tuskmq.storage.MemoryTables.SessionRow;
import io.tuskmq.storage.MemoryTables.WillRow;
import io.tuskmq.storage.MemoryTables.Write;
import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Sessions of a {@link MemoryStore}. */
final class MemorySessions implements Sessions {
    private static final byte[] NONE = {};
    private final MemoryTables tables;
    private final MemoryRunner runner;

    MemorySessions(MemoryTables tables, MemoryRunner runner) {
        this.tables = tables;
        this.runner = runner;
    }

    @Override
    public Future<Claimed> claim(Claim claim) {
        return runner.run("sessions.claim", () -> claimNow(claim));
    }

    private Claimed claimNow(Claim claim) {
        if (!tables.nodes.containsKey(claim.incarnation())) {
            throw new StorageException(StorageException.Kind.FENCED, "the lease was revoked", null);
        }
        if (tables.abandonedClaims.contains(claim.token())) {
            throw new StorageException(StorageException.Kind.TRANSIENT, "the claim was abandoned", null);
        }
        SessionRow found = tables.sessionsByClient.get(claim.clientId());
        if (found != null && found.expiresAtMillis <= tables.nowMillis()) {
            tables.deleteSession(found);
            found = null;
        }
        if (found != null) {
            if (!found.principal.equals(claim.principal())) {
                return new Claimed.OtherPrincipal();
            }
            boolean elsewhere = found.owner != 0 && found.owner != claim.incarnation() && tables.hasLease(found.owner);
            if (elsewhere && !claim.force()) {
                return new Claimed.OwnedElsewhere(found.owner);
            }
        }
        boolean resumed = found != null && !claim.cleanStart();
        tables.wills.values().removeIf(will -> isOf(claim, will));
        settleOldWills(claim.clientId(), resumed ? found : null);
        List<Wills.DueWill> due = dueWills(claim.clientId());
        if (found != null && !resumed) {
            tables.deleteSession(found);
        }
        SessionRow session = resumed ? found : claim.expirySeconds() == 0 ? null : insert(claim);
        if (session != null) {
            session.epoch++;
            session.owner = claim.incarnation();
            session.checkpointNumber = 0;
            session.changeNumber = 0;
            if (session.claimToken != claim.token()) {
                session.expiryBefore = resumed ? session.expirySeconds : claim.expirySeconds();
            }
            session.claimToken = claim.token();
            session.expirySeconds = claim.expirySeconds();
            session.expiresAtMillis = MemoryTables.NO_EXPIRY;
        }
        return owned(claim, session, resumed, due);
    }

    private static boolean isOf(Claim claim, WillRow will) {
        return will.clientId.equals(claim.clientId()) && will.claimToken == claim.token();
    }

    @Override
    public Future<Void> abandon(Claim claim) {
        return runner.<Object>run("sessions.abandon", () -> {
                    tables.abandonedClaims.add(claim.token());
                    tables.wills.values().removeIf(will -> isOf(claim, will));
                    SessionRow session = tables.sessionsByClient.get(claim.clientId());
                    if (session != null && session.claimToken == claim.token() && session.owner != 0) {
                        session.expirySeconds = session.expiryBefore;
                        tables.goOffline(session);
                    }
                    return claim;
                })
                .mapEmpty();
    }

    /** The wills of this client's earlier connections: due now, unless a delayed one is called off by the session's return. */
    private void settleOldWills(String clientId, @Nullable SessionRow resumed) {
        long now = tables.nowMillis();
        List<WillRow> calledOff = new ArrayList<>();
        for (WillRow will : tables.wills.values()) {
            if (will.clientId.equals(clientId)) {
                boolean delayed = will.will.delaySeconds() > 0 && will.dueAtMillis > now;
                if (delayed && resumed != null && will.sessionId == resumed.sessionId) {
                    calledOff.add(will); // [MQTT5-3.1.3-9]
                } else {
                    tables.makeDue(will);
                }
            }
        }
        calledOff.forEach(will -> tables.wills.remove(will.willId));
    }

    private List<Wills.DueWill> dueWills(String clientId) {
        return tables.wills.values().stream()
                .filter(will -> will.clientId.equals(clientId) && will.dueAtMillis <= tables.nowMillis())
                .map(MemoryWills::dueWill)
                .toList();
    }

    private SessionRow insert(Claim claim) {
        SessionRow session = new SessionRow(tables.nextId(), claim.clientId(), claim.principal(), tables.heads());
        tables.sessions.put(session.sessionId, session);
        tables.sessionsByClient.put(session.clientId, session);
        return session;
    }

    private Claimed owned(Claim claim, @Nullable SessionRow session, boolean resumed, List<Wills.DueWill> due) {
        long sessionId = session == null ? 0 : session.sessionId;
        long willId = 0;
        if (claim.will() != null) {
            willId = tables.nextId();
            tables.wills.put(willId, new WillRow(willId, sessionId, claim, claim.will()));
        }
        SessionState state = session == null
                ? new SessionState(tables.heads(), NONE, List.of(), List.of())
                : new SessionState(
                        session.cursor.copy(),
                        session.inflight.clone(),
                        List.copyOf(session.subscriptions.values()),
                        List.copyOf(session.receipts.keySet()));
        return new Claimed.Owned(sessionId, session == null ? 0 : session.epoch, resumed, state, willId, due);
    }

    @Override
    public Future<Boolean> checkpoint(Checkpoint checkpoint, boolean durable) {
        return guarded("sessions.checkpoint", checkpoint.sessionId(), checkpoint.epoch(), session -> {
            if (checkpoint.number() > session.checkpointNumber) {
                session.checkpointNumber = checkpoint.number();
                write(session, checkpoint);
            }
            return true;
        });
    }

    @Override
    public Future<Taken> checkpoint(Checkpoint checkpoint, List<Take> takes) {
        List<Take> asked = List.copyOf(takes);
        return runner.run("sessions.take", () -> {
            SessionRow session = tables.ownSession(checkpoint.sessionId(), checkpoint.epoch());
            if (session == null) {
                return Taken.LOST;
            }
            if (checkpoint.number() <= session.checkpointNumber) {
                return Taken.HELD;
            }
            List<SessionRow> groups = new ArrayList<>();
            for (Take take : asked) {
                SessionRow group = tables.ownSession(take.groupId(), take.groupEpoch());
                if (group == null) {
                    return Taken.REFUSED;
                }
                groups.add(group);
            }
            for (int i = 0; i < groups.size(); i++) {
                groups.get(i).takenByMembers.add(asked.get(i).logId());
            }
            session.checkpointNumber = checkpoint.number();
            write(session, checkpoint);
            return Taken.HELD;
        });
    }

    @Override
    public Future<List<Long>> taken(long groupId) {
        return runner.run("sessions.taken", () -> {
            SessionRow group = tables.sessions.get(groupId);
            return group == null ? List.of() : List.copyOf(group.takenByMembers);
        });
    }

    @Override
    public Future<Void> forgetTaken(long groupId, List<Long> logIds) {
        List<Long> asked = List.copyOf(logIds);
        return runner.<Object>run("sessions.forgetTaken", () -> {
                    SessionRow group = tables.sessions.get(groupId);
                    if (group != null) {
                        group.takenByMembers.removeAll(asked);
                    }
                    return asked;
                })
                .mapEmpty();
    }

    private static void write(SessionRow session, Checkpoint checkpoint) {
        session.cursor = new LaneVector(checkpoint.cursor().clone());
        session.inflight = checkpoint.inflight().clone();
    }

    private Future<Boolean> guarded(String operation, long sessionId, long epoch, Predicate<SessionRow> change) {
        return runner.run(operation, () -> {
            SessionRow session = tables.ownSession(sessionId, epoch);
            return session != null && change.test(session);
        });
    }

    @Override
    public Future<Boolean> release(Release release) {
        Checkpoint last = release.checkpoint();
        return guarded("sessions.release", last.sessionId(), last.epoch(), session -> {
            write(session, last);
            session.expirySeconds = release.expirySeconds();
            tables.goOffline(session);
            MemoryWills.apply(tables, release.willId(), release.will());
            if (release.expirySeconds() == 0) {
                tables.deleteSession(session);
            }
            return true;
        });
    }

    @Override
    public Future<List<StoredSubscription>> subscribe(
            long sessionId, long epoch, long number, List<StoredSubscription> subscriptions) {
        List<StoredSubscription> asked = List.copyOf(subscriptions);
        return runner.run("sessions.subscribe", () -> {
            SessionRow session = tables.ownSession(sessionId, epoch);
            if (session == null || number < session.changeNumber) {
                return List.of();
            }
            if (number > session.changeNumber) {
                session.changeNumber = number;
                asked.forEach(subscription -> store(session, number, subscription));
            }
            return asked.stream()
                    .map(s -> session.subscriptions.get(new SubscriptionKey(s.filter(), s.share())))
                    .filter(Objects::nonNull)
                    .toList();
        });
    }

    private void store(SessionRow session, long number, StoredSubscription asked) {
        SubscriptionKey key = new SubscriptionKey(asked.filter(), asked.share());
        StoredSubscription old = session.subscriptions.get(key);
        boolean readsOn = old != null && old.filterId() != 0;
        long filterId = asked.qos() == 0 && !readsOn ? 0 : filterId(asked.filter());
        LaneVector start = old != null && old.filterId() == filterId && filterId != 0 ? old.start() : tables.heads();
        session.changes.put(key, new Write(session.epoch, number));
        if (asked.retainedAfter() != null && filterId != 0) {
            session.handoverHeads.put(key, tables.heads());
        } else {
            session.handoverHeads.remove(key);
        }
        session.subscriptions.put(
                key,
                new StoredSubscription(
                        asked.filter(),
                        asked.share(),
                        asked.qos(),
                        asked.noLocal(),
                        asked.retainAsPublished(),
                        asked.retainHandling(),
                        asked.subscriptionId(),
                        filterId,
                        start,
                        asked.retainedAfter()));
    }

    /** The filter's id; a new filter makes a new version, which every append after this must know (I7). */
    private long filterId(String filter) {
        return tables.filters
                .computeIfAbsent(filter, f -> new FilterRow(tables.nextId(), f, ++tables.filterVersion))
                .filterId();
    }

    @Override
    public Future<List<Boolean>> unsubscribe(long sessionId, long epoch, long number, List<SubscriptionKey> keys) {
        List<SubscriptionKey> asked = List.copyOf(keys);
        return runner.run("sessions.unsubscribe", () -> {
            SessionRow session = tables.ownSession(sessionId, epoch);
            if (session == null || number < session.changeNumber) {
                return List.of();
            }
            boolean again = number == session.changeNumber;
            session.changeNumber = number;
            return asked.stream()
                    .map(key -> again || session.subscriptions.remove(key) != null)
                    .toList();
        });
    }

    @Override
    public Future<Boolean> retainedProgress(
            long sessionId, long epoch, long number, SubscriptionKey key, @Nullable String after) {
        return guarded("sessions.retainedProgress", sessionId, epoch, session -> {
            Write progress = new Write(epoch, number);
            Write last = session.changes.get(key);
            if (last != null && last.isBefore(progress)) {
                session.changes.put(key, progress);
                session.subscriptions.computeIfPresent(key, (k, s) -> s.withRetainedAfter(after));
            }
            return true;
        });
    }

    @Override
    public Future<Boolean> forgetReceipt(long sessionId, long epoch, long number, int packetId) {
        return guarded("sessions.forgetReceipt", sessionId, epoch, session -> {
            session.receipts.computeIfPresent(
                    packetId, (id, taken) -> taken.isBefore(new Write(epoch, number)) ? null : taken);
            return true;
        });
    }

    @Override
    public Future<Integer> endExpired(int limit) {
        return runner.run("sessions.endExpired", () -> {
            List<SessionRow> expired = tables.sessions.values().stream()
                    .filter(session -> session.expiresAtMillis <= tables.nowMillis())
                    .limit(limit)
                    .toList();
            expired.forEach(tables::deleteSession);
            return expired.size();
        });
    }

    private static boolean isMember(SessionRow session, String share, String filter) {
        return session.subscriptions.values().stream()
                .anyMatch(s -> s.share().equals(share) && s.filter().equals(filter));
    }

    @Override
    public Future<Integer> endUnusedGroups(int limit) {
        return runner.run("sessions.endUnusedGroups", () -> {
            List<SessionRow> unused = tables.sessions.values().stream()
                    .filter(group -> group.clientId.startsWith("$share/") && group.owner == 0)
                    .filter(group -> {
                        String[] name = group.clientId.split("/", 3);
                        return tables.sessions.values().stream().noneMatch(s -> isMember(s, name[1], name[2]));
                    })
                    .limit(limit)
                    .toList();
            unused.forEach(tables::deleteSession);
            return unused.size();
        });
    }

    @Override
    public Future<Boolean> exists(String clientId) {
        return runner.run("sessions.exists", () -> tables.sessionsByClient.containsKey(clientId));
    }

    @Override
    public Future<Long> count() {
        return runner.run("sessions.count", () -> (long) tables.sessions.size());
    }
}
