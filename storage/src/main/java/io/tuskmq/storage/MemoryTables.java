package io.tuskmq.storage;

import io.tuskmq.storage.Sessions.StoredSubscription;
import io.tuskmq.storage.Sessions.SubscriptionKey;
import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The rows of a {@link MemoryStore}: what the tables of PostgreSQL hold, for the parts of the store to work on. One thread at a time. */
final class MemoryTables {
    /** A will that has no time yet: its connection lives. */
    static final long NOT_DUE = Long.MAX_VALUE;

    /** A session that expires at no time: it is owned, or never expires. */
    static final long NO_EXPIRY = Long.MAX_VALUE;

    static final class NodeRow {
        long leaseUntilMillis;

        final String name;
        final Optional<Leases.Address> address;

        NodeRow(String name, long leaseUntilMillis, Optional<Leases.Address> address) {
            this.name = name;
            this.leaseUntilMillis = leaseUntilMillis;
            this.address = address;
        }
    }

    static final class LaneRow {
        final int laneId;
        final long start;
        long owner;
        long head;
        /** The head after the last batch that put messages in the log. */
        long last;

        /** Which appends of the batch that led to {@code head} were refused: the answer to whoever sends it again. */
        Set<Long> refusedOfLastBatch = Set.of();

        LaneRow(int laneId, long start) {
            this.laneId = laneId;
            this.start = start;
            this.head = start;
        }
    }

    record FilterRow(long filterId, String filter, long addedVersion) {}

    record RemovedFilter(FilterRow row, long removedVersion) {}

    /** The number of a call, and the epoch that it counts in. */
    record Write(long epoch, long number) {
        boolean isBefore(Write other) {
            return epoch < other.epoch || (epoch == other.epoch && number < other.number);
        }
    }

    static final class SessionRow {
        final long sessionId;
        final String clientId;
        String principal;
        long epoch;
        /** 0 = offline. */
        long owner;

        long expirySeconds;
        /** As it was before the last claim. */
        long expiryBefore;

        long expiresAtMillis = NO_EXPIRY;
        LaneVector cursor;
        byte[] inflight = {};
        /** Of the last checkpoint, and of the last change of subscriptions, of the last claim. */
        long checkpointNumber;

        long changeNumber;
        long claimToken;
        final TreeMap<SubscriptionKey, StoredSubscription> subscriptions =
                new TreeMap<>(Comparator.comparing(SubscriptionKey::filter).thenComparing(SubscriptionKey::share));
        /** Which calls the subscriptions are from. */
        final Map<SubscriptionKey, Write> changes = new HashMap<>();
        /** The heads when a subscription was last made that waits for retained messages. */
        final Map<SubscriptionKey, LaneVector> handoverHeads = new HashMap<>();
        /** By packet id. */
        final TreeMap<Integer, Write> receipts = new TreeMap<>();
        /** Of a group: log ids. */
        final Set<Long> takenByMembers = new TreeSet<>();

        SessionRow(long sessionId, String clientId, String principal, LaneVector cursor) {
            this.sessionId = sessionId;
            this.clientId = clientId;
            this.principal = principal;
            this.cursor = cursor;
        }
    }

    static final class WillRow {
        final long willId;
        final String clientId;
        /** 0 = its session is not stored. */
        final long sessionId;

        final Sessions.NewWill will;
        final long claimToken;
        /** 0 = its connection has ended. */
        long owner;

        long dueAtMillis = NOT_DUE;

        WillRow(long willId, long sessionId, Sessions.Claim claim, Sessions.NewWill will) {
            this.willId = willId;
            this.clientId = claim.clientId();
            this.sessionId = sessionId;
            this.owner = claim.incarnation();
            this.claimToken = claim.token();
            this.will = will;
        }
    }

    /** Told of each append in the transaction that stores it. */
    interface Watcher {
        void appended(Leases.Lane lane, Append append);
    }

    Watcher watcher = (lane, append) -> {};

    private final LongSupplier clockMillis;
    private long ids;

    final Map<Long, NodeRow> nodes = new TreeMap<>();
    final List<LaneRow> lanes = new ArrayList<>();
    long filterVersion = 1;
    final Map<String, FilterRow> filters = new TreeMap<>();
    final List<RemovedFilter> removedFilters = new ArrayList<>();
    final TreeMap<Long, SessionRow> sessions = new TreeMap<>();
    final Map<String, SessionRow> sessionsByClient = new HashMap<>();
    final MemoryAccess.Tables access = new MemoryAccess.Tables();
    final TreeMap<Long, WillRow> wills = new TreeMap<>();
    final Set<Long> abandonedClaims = new HashSet<>();
    final Map<Long, TreeMap<Long, Message>> log = new HashMap<>();
    final TreeMap<String, Message> retained = new TreeMap<>(MemoryTables::compareByBytes);
    final MemoryRetainedOrder retainedOrder = new MemoryRetainedOrder();

    MemoryTables(LongSupplier clockMillis) {
        this.clockMillis = clockMillis;
    }

    long nowMillis() {
        return clockMillis.getAsLong();
    }

    /** A number that no row has. */
    long nextId() {
        return ++ids;
    }

    LaneVector heads() {
        LaneVector heads = new LaneVector();
        for (LaneRow lane : lanes) {
            heads.raise(lane.laneId, lane.head);
        }
        return heads;
    }

    LaneVector starts() {
        LaneVector starts = new LaneVector();
        for (LaneRow lane : lanes) {
            starts.raise(lane.laneId, lane.start);
        }
        return starts;
    }

    /** Moves a lane's head up to now; never down. */
    void raiseToNow(LaneRow lane) {
        lane.head = Math.max(lane.head, LogId.first(nowMillis(), lane.laneId));
    }

    boolean hasLease(long incarnation) {
        NodeRow node = nodes.get(incarnation);
        return node != null && node.leaseUntilMillis > nowMillis();
    }

    @Nullable
    SessionRow ownSession(long sessionId, long epoch) {
        SessionRow session = sessions.get(sessionId);
        return session != null && session.epoch == epoch ? session : null;
    }

    /** Nobody serves the session any more: its expiry starts, and what is still on its way from its owner must not come after this. */
    void goOffline(SessionRow session) {
        session.epoch++;
        session.owner = 0;
        session.expiresAtMillis = session.expirySeconds == Sessions.NEVER_EXPIRES
                ? NO_EXPIRY
                : nowMillis() + session.expirySeconds * 1_000;
    }

    void deleteSession(SessionRow session) {
        sessions.remove(session.sessionId);
        sessionsByClient.remove(session.clientId);
        wills.values().stream()
                .filter(will -> will.sessionId == session.sessionId)
                .forEach(this::makeDue);
    }

    void makeDue(WillRow will) {
        will.dueAtMillis = Math.min(will.dueAtMillis, nowMillis());
        will.owner = 0;
    }

    /** The will becomes due after its delay or when its session ends, whichever is first. [MQTT5-3.1.2-8] */
    void schedule(WillRow will, long delaySeconds) {
        SessionRow session = sessions.get(will.sessionId);
        long sessionEndMillis = session == null ? nowMillis() : session.expiresAtMillis;
        long dueMillis = Math.min(nowMillis() + delaySeconds * 1_000, sessionEndMillis);
        will.dueAtMillis = Math.min(will.dueAtMillis, dueMillis);
        will.owner = 0;
    }

    /**
     * Copies the topic's retained message into the private queue of a session whose subscription waits for it, and notes the progress.
     *
     * @return whether the copy is what was to be expected from what was read
     */
    boolean handOver(long logId, Append.Handover handover) {
        SessionRow session = ownSession(handover.sessionId(), handover.epoch());
        SubscriptionKey key = new SubscriptionKey(handover.filter(), "");
        StoredSubscription waiting = session == null ? null : session.subscriptions.get(key);
        Write last = session == null ? null : session.changes.get(key);
        Message read = handover.read();
        if (session == null
                || waiting == null
                || waiting.retainedAfter() == null
                || compareByBytes(waiting.retainedAfter(), read.topic()) >= 0
                || last == null
                || !last.isBefore(new Write(handover.epoch(), handover.number()))) {
            return false;
        }
        session.subscriptions.put(key, waiting.withRetainedAfter(read.topic()));
        Message now = retained.get(read.topic());
        LaneVector heads = session.handoverHeads.get(key);
        boolean comesLive = now != null && now.qos() > 0 && heads != null && retainedOrder.isAbove(heads, read.topic());
        if (now == null || comesLive) {
            return false;
        }
        retainedOrder.copied(read.topic(), logId);
        log.computeIfAbsent(-session.sessionId, id -> new TreeMap<>())
                .put(logId, now.asRetainedFor(handover.qosMax(), handover.added()));
        return now.qos() == read.qos()
                && Arrays.equals(now.payload(), read.payload())
                && Arrays.equals(now.properties(), read.properties())
                && now.expiresAtMillis() == read.expiresAtMillis();
    }

    /** The order of collation "C": by code points, as UTF-8 bytes are; not by UTF-16 units, as strings are. */
    static int compareByBytes(String a, String b) {
        int common = Math.min(a.length(), b.length());
        for (int i = 0; i < common; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean bothSurrogateOrNot = Character.isSurrogate(x) == Character.isSurrogate(y);
                return bothSurrogateOrNot ? Character.compare(x, y) : Character.isSurrogate(x) ? 1 : -1;
            }
        }
        return Integer.compare(a.length(), b.length());
    }
}
