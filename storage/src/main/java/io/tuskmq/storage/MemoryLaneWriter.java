package io.tuskmq.storage;

import io.tuskmq.storage.MemoryTables.LaneRow;
import io.tuskmq.storage.MemoryTables.SessionRow;
import io.tuskmq.storage.rules.LaneBatcher;
import io.tuskmq.storage.rules.LaneBatcher.Action;
import io.tuskmq.storage.rules.LaneBatcher.Batch;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The writer of one lane of a {@link MemoryStore}: carries out what the same {@link LaneBatcher} decides as for PostgreSQL. Only {@link
 * #append} and {@link #isFull} may be called from any thread; all else happens on the lane's (see {@link MemoryRunner#onLane}).
 */
final class MemoryLaneWriter implements LaneWriter {
    static final int QUEUE_APPENDS_MAX = 10_000;
    private static final LaneBatcher.Limits BATCH = new LaneBatcher.Limits(1_000, 1 << 20);

    /** What the database says to a batch. */
    private sealed interface Answer {
        record Committed(Set<Long> refused) implements Answer {}

        record Stale() implements Answer {}

        record NotOurs() implements Answer {}

        record TooLow(long floor) implements Answer {}
    }

    /** A lane's row as read. */
    private record Head(long owner, long head, Set<Long> refused) {}

    private final MemoryTables tables;
    private final MemoryRunner runner;
    private final Filters filters;
    private final Leases.Lane lane;
    private final LaneListener listener;
    private final LaneBatcher batcher;

    // Shared with the threads that append.
    private final Queue<Append> incoming = new ConcurrentLinkedQueue<>();
    private final AtomicInteger held = new AtomicInteger();

    // Owned by the lane's thread.
    private final Deque<Action> todo = new ArrayDeque<>();
    private final List<Promise<Void>> closers = new ArrayList<>();
    private boolean performing;
    private boolean wasFull;

    MemoryLaneWriter(MemoryStore store, Leases.Lane lane, LaneListener listener) {
        this.tables = store.tables();
        this.runner = store.runner();
        this.filters = store.filters();
        this.lane = lane;
        this.listener = listener;
        this.batcher = new LaneBatcher(lane.laneId(), lane.incarnation(), lane.head(), BATCH);
    }

    @Override
    public void append(Append append) {
        held.incrementAndGet();
        incoming.add(append);
        runner.onLane(this::proceed);
    }

    @Override
    public boolean isFull() {
        return held.get() >= QUEUE_APPENDS_MAX;
    }

    @Override
    public void touch() {
        runner.onLane(() -> {
            batcher.touch();
            proceed();
        });
    }

    @Override
    public Future<Void> close() {
        Promise<Void> closed = Promise.promise();
        runner.onLane(() -> {
            closers.add(closed);
            proceed();
        });
        return closed.future();
    }

    private void proceed() {
        wasFull |= isFull();
        for (Append append = incoming.poll(); append != null; append = incoming.poll()) {
            batcher.add(append);
        }
        perform(batcher.next(nowMillis()));
    }

    /** A loop: answers that come at once don't nest. */
    private void perform(List<Action> actions) {
        todo.addAll(actions);
        if (performing) {
            return;
        }
        performing = true;
        for (Action action = todo.poll(); action != null; action = todo.poll()) {
            perform(action);
        }
        performing = false;
        if (batcher.isFenced() || batcher.isIdle()) {
            closers.forEach(Promise::tryComplete);
            closers.clear();
        }
    }

    private void perform(Action action) {
        switch (action) {
            case Action.Send send -> send(send.batch());
            case Action.CatchUp catchUp -> catchUp();
            case Action.ReadHead readHead -> readHead();
            case Action.MakePartitions make -> perform(batcher.tryAgain());
            case Action.Committed committed -> {
                held.addAndGet(-committed.appends().size());
                listener.committed(committed.appends(), committed.head());
                tellWhenDrained();
            }
            case Action.Refused refused -> {
                held.decrementAndGet();
                listener.refused(refused.append());
                tellWhenDrained();
            }
            case Action.Fenced fenced -> listener.fenced();
        }
    }

    private long nowMillis() {
        return runner.laneMillis(tables.nowMillis());
    }

    private void tellWhenDrained() {
        if (wasFull && held.get() <= QUEUE_APPENDS_MAX / 2) {
            wasFull = false;
            listener.drained();
        }
    }

    private void send(Batch batch) {
        runner.run("lane.append", () -> commit(batch)).onComplete(done -> {
            if (done.failed()) {
                perform(batcher.unknown());
                return;
            }
            perform(
                    switch (done.result()) {
                        case Answer.Committed committed -> batcher.committed(committed.refused(), nowMillis());
                        case Answer.Stale stale -> batcher.stale();
                        case Answer.NotOurs notOurs -> batcher.unknown();
                        case Answer.TooLow(long floor) -> batcher.tooLow(floor, nowMillis());
                    });
        });
    }

    private void catchUp() {
        filters.catchUp()
                .onComplete(done ->
                        perform(done.succeeded() ? batcher.caughtUp(done.result()) : List.of(new Action.CatchUp())));
    }

    private void readHead() {
        runner.run("lane.readHead", () -> {
                    LaneRow row = tables.lanes.get(lane.laneId() - 1);
                    return new Head(row.owner, row.head, row.refusedOfLastBatch);
                })
                .onComplete(done -> {
                    Head read = done.result();
                    perform(
                            done.succeeded()
                                    ? batcher.headRead(read.owner(), read.head(), read.refused(), nowMillis())
                                    : batcher.unknown());
                });
    }

    /** The transaction. */
    private Answer commit(Batch batch) {
        LaneRow row = tables.lanes.get(lane.laneId() - 1);
        if (row.owner != lane.incarnation() || row.head != batch.oldHead()) {
            return new Answer.NotOurs();
        }
        if (batch.version() < tables.filterVersion) {
            return new Answer.Stale();
        }
        long floor = tables.retainedOrder.floor(batch.appends());
        if (floor > 0) {
            return new Answer.TooLow(floor);
        }
        Set<Long> refused = new HashSet<>();
        for (Append append : batch.appends()) {
            if (append.handover() == null && isAllowed(append)) {
                insert(append);
                tables.watcher.appended(lane, append);
            } else if (append.handover() == null) {
                refused.add(append.id());
            }
        }
        // Behind all that changes a retained message in this batch.
        for (Append append : batch.appends()) {
            Append.Handover handover = append.handover();
            if (handover != null && !tables.handOver(append.id(), handover)) {
                refused.add(append.id());
            }
        }
        row.head = batch.newHead();
        if (batch.appends().stream().anyMatch(append -> append.filterIds().length > 0)) {
            row.last = row.head;
        }
        row.refusedOfLastBatch = refused;
        return new Answer.Committed(refused);
    }

    /** Takes the receipt (I3) and consumes the will (I8); false when session, receipt or will are not as the append believes. */
    private boolean isAllowed(Append append) {
        Append.Receipt receipt = append.receipt();
        if (receipt != null) {
            SessionRow session = tables.ownSession(receipt.sessionId(), receipt.epoch());
            var taken = new MemoryTables.Write(receipt.epoch(), receipt.number());
            if (session == null || session.receipts.putIfAbsent(receipt.packetId(), taken) != null) {
                return false;
            }
        }
        return append.willId() == 0 || tables.wills.remove(append.willId()) != null;
    }

    private void insert(Append append) {
        Message message = stored(append.message());
        for (long filterId : append.filterIds()) {
            tables.log.computeIfAbsent(filterId, id -> new TreeMap<>()).put(append.id(), message);
        }
        if (append.changesRetained()) {
            if (message.payload().length == 0) {
                tables.retained.remove(message.topic());
                tables.retainedOrder.removed(message.topic());
            } else {
                tables.retained.put(message.topic(), message);
                tables.retainedOrder.replaced(message.topic(), append.id());
            }
        }
    }

    /** The id of a publisher whose session is not stored means nothing after its connection. */
    private static Message stored(Message message) {
        return message.publisher() >= 0
                ? message
                : new Message(
                        message.topic(),
                        message.payload(),
                        message.qos(),
                        message.retain(),
                        message.properties(),
                        message.expiresAtMillis(),
                        0);
    }
}
