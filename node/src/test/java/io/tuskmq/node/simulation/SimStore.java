package io.tuskmq.node.simulation;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.SessionStart;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.LogReader.Logged;
import io.tuskmq.storage.LogReader.Page;
import io.tuskmq.storage.LogReader.Position;
import io.tuskmq.storage.LogReader.Range;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A model of the database: what transactions do. When they happen, and whether their answers arrive, is {@link SimDatabase}'s.
 * A commit that need not be durable is lost when the database restarts before the next durable one.
 */
final class SimStore {
    /** A session's row. */
    static final class Row {
        final String clientId;
        final long sessionId;
        long epoch;
        long[] cursor;
        byte[] inflight = {};
        final Map<String, Subscription> subscriptions = new LinkedHashMap<>();
        final Set<Integer> receipts = new TreeSet<>();

        // As they were at the last durable commit.
        long[] durableCursor;
        byte[] durableInflight = {};

        Row(String clientId, long sessionId, long[] cursor) {
            this.clientId = clientId;
            this.sessionId = sessionId;
            this.cursor = cursor;
            this.durableCursor = cursor;
        }
    }

    private final Schedule schedule;
    private final Ledger ledger;
    private final Bug bug;
    private final Map<String, Row> sessions = new LinkedHashMap<>();
    private final Map<String, Long> filterIds = new HashMap<>();
    private final Map<Long, TreeMap<Long, Message>> log = new HashMap<>();
    private final LaneVector heads = new LaneVector();
    private final LaneVector starts = new LaneVector();

    SimStore(Schedule schedule, Ledger ledger, Bug bug) {
        this.schedule = schedule;
        this.ledger = ledger;
        this.bug = bug;
    }

    Ledger ledger() {
        return ledger;
    }

    // --- lanes

    /** Clocks of lanes differ by up to seconds. */
    private long laneClock(int lane) {
        return schedule.now() + (lane % 3 - 1) * 1_500L;
    }

    long head(int lane) {
        return heads.get(lane);
    }

    int lanes() {
        return heads.lanes();
    }

    private void ensureLane(int lane) {
        for (int l = 1; l <= lane; l++) {
            if (heads.get(l) == 0) {
                long start = LogId.first(laneClock(l), l);
                heads.raise(l, start);
                starts.raise(l, start);
            }
        }
    }

    /** Idle lanes are moved up. */
    void touch() {
        for (int lane = 1; lane <= heads.lanes(); lane++) {
            heads.raise(lane, LogId.first(laneClock(lane), lane));
        }
        durableCommit();
    }

    /** Where a message was committed, and whether any filter matched. */
    record Appended(long id, boolean matched) {}

    /**
     * Appends one message; empty when the publisher's session was claimed by another.
     *
     * @param publisher the session whose receipt is to be kept in the same transaction, if any
     */
    Optional<Appended> append(int lane, Message message, @Nullable Row publisher, long epoch, int packetId) {
        if (publisher != null && publisher.epoch != epoch) {
            return Optional.empty();
        }
        ensureLane(lane);
        if (publisher != null && bug != Bug.NO_RECEIPTS) {
            publisher.receipts.add(packetId);
        }
        long id = LogId.next(heads.get(lane), lane, laneClock(lane));
        heads.raise(lane, id);
        Ledger.Key key = Ledger.Key.of(message);
        boolean matched = false;
        for (var filter : filterIds.entrySet()) {
            if (Topics.matches(filter.getKey(), message.topic())) {
                log.computeIfAbsent(filter.getValue(), f -> new TreeMap<>()).put(id, message);
                matched = true;
            }
        }
        ledger.committed(key, publisher != null);
        for (Row row : sessions.values()) {
            for (Subscription s : row.subscriptions.values()) {
                if (s.logged() && Topics.matches(s.filter(), message.topic())) {
                    ledger.expects(row.clientId, s.filter(), key);
                }
            }
        }
        ledger.expectsOfSubAcks(key);
        durableCommit();
        return Optional.of(new Appended(id, matched));
    }

    // --- reading

    Page read(List<Range> ranges, int limit) {
        TreeMap<Long, List<Long>> found = new TreeMap<>();
        long through = Long.MAX_VALUE;
        for (Range range : ranges) {
            int taken = 0;
            var rows = log.getOrDefault(range.filterId(), new TreeMap<>()).tailMap(range.afterId(), false);
            for (long id : rows.keySet()) {
                if (taken++ == limit) {
                    through = Math.min(through, rows.headMap(id).lastKey());
                    break;
                }
                found.computeIfAbsent(id, i -> new ArrayList<>()).add(range.filterId());
            }
        }
        List<Logged> messages = new ArrayList<>();
        for (var e : found.headMap(through, true).entrySet()) {
            long[] ids = e.getValue().stream().mapToLong(l -> l).sorted().toArray();
            messages.add(new Logged(e.getKey(), ids, message(ids[0], e.getKey()).orElseThrow()));
        }
        return new Page(messages, through, heads.copy(), starts.copy());
    }

    /** The same page with the heads of now. */
    Page withHeadsOfNow(Page page) {
        return new Page(page.messages(), page.throughId(), heads.copy(), page.starts());
    }

    private Optional<Message> message(long filterId, long id) {
        return Optional.ofNullable(log.getOrDefault(filterId, new TreeMap<>()).get(id));
    }

    List<Optional<Message>> fetch(List<Position> positions) {
        return positions.stream().map(p -> message(p.filterId(), p.id())).toList();
    }

    // --- sessions

    /** A session as it was claimed. */
    record Claimed(Row row, long epoch, boolean sessionPresent, SessionStart start) {}

    /** Claims a session to be kept; one that is new begins at the heads. */
    Claimed claim(String clientId, SessionStart.Client client) {
        boolean present = sessions.containsKey(clientId);
        Row row = sessions.computeIfAbsent(clientId, c -> new Row(c, sessions.size() + 1L, heads.toArray()));
        row.epoch++;
        durableCommit();
        var start = new SessionStart(
                new LaneVector(row.cursor.clone()),
                bug == Bug.NO_RESEND ? new byte[0] : row.inflight,
                List.copyOf(row.subscriptions.values()),
                Map.of(),
                List.copyOf(row.receipts),
                present,
                row.sessionId,
                client);
        return new Claimed(row, row.epoch, present, start);
    }

    boolean checkpoint(Row row, long epoch, Effect.Checkpoint c) {
        if (row.epoch != epoch && bug != Bug.NO_EPOCH) {
            return false;
        }
        row.cursor = bug == Bug.CURSOR_AHEAD ? heads.toArray() : c.cursor();
        row.inflight = c.inflight();
        if (c.durable()) {
            durableCommit();
        }
        return true;
    }

    /** Everything committed before it is durable too. */
    private void durableCommit() {
        for (Row row : sessions.values()) {
            row.durableCursor = row.cursor;
            row.durableInflight = row.inflight;
        }
    }

    /** The database goes down and comes back: what was not durable is gone. */
    void restart() {
        for (Row row : sessions.values()) {
            row.cursor = row.durableCursor;
            row.inflight = row.durableInflight;
        }
    }

    List<Subscription> subscribe(Row row, long epoch, List<Subscription> subscriptions) {
        if (row.epoch != epoch) {
            return List.of();
        }
        List<Subscription> stored = new ArrayList<>();
        for (Subscription s : subscriptions) {
            Subscription old = row.subscriptions.get(s.filter());
            long filterId = s.qos() == 0 ? 0 : filterIds.computeIfAbsent(s.filter(), f -> 1_000L + filterIds.size());
            LaneVector start = old != null && old.logged() ? old.start() : heads.copy();
            var kept = new Subscription(
                    s.filter(),
                    "",
                    s.qos(),
                    s.noLocal(),
                    s.retainAsPublished(),
                    0,
                    s.subscriptionId(),
                    filterId,
                    start);
            row.subscriptions.put(s.filter(), kept);
            stored.add(kept);
        }
        durableCommit();
        return stored;
    }

    List<Boolean> unsubscribe(Row row, long epoch, List<Subscription> keys) {
        if (row.epoch != epoch) {
            return List.of();
        }
        List<Boolean> existed = new ArrayList<>();
        for (Subscription key : keys) {
            existed.add(row.subscriptions.remove(key.filter()) != null);
            ledger.expectsNoMore(row.clientId, key.filter());
        }
        durableCommit();
        return existed;
    }

    boolean forgetReceipt(Row row, long epoch, int packetId) {
        if (row.epoch != epoch) {
            return false;
        }
        row.receipts.remove(packetId);
        durableCommit();
        return true;
    }
}
