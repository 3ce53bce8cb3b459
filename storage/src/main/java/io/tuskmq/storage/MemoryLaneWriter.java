package io.tuskmq.storage;

import io.tuskmq.storage.MemoryTables.LaneRow;
import io.tuskmq.storage.MemoryTables.SessionRow;
import io.tuskmq.storage.rules.LogId;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The writer of one lane of a {@link MemoryStore}. Only {@link #append} may be called from any thread; all else happens on the lane's
 * (see {@link MemoryRunner#onLane}). One batch at a time is on its way; a failed one is sent again until the head tells what became of
 * it.
 */
final class MemoryLaneWriter implements LaneWriter {
    static final int BATCH_APPENDS_MAX = 1_000;
    static final int QUEUE_APPENDS_MAX = 10_000;

    /** What became of one try to commit the current batch. */
    private sealed interface Outcome {
        record Committed(Set<Long> refusedIds) implements Outcome {}

        record Stale() implements Outcome {}

        record Fenced() implements Outcome {}

        record TryAgain() implements Outcome {}
    }

    private record Batch(List<Append> appends, long newHead) {}

    private final MemoryTables tables;
    private final MemoryRunner runner;
    private final Filters filters;
    private final Filters.Copy copy;
    private final Leases.Lane lane;
    private final LaneListener listener;
    private final Queue<Append> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger queued = new AtomicInteger();
    private final List<Promise<Void>> closers = new ArrayList<>();
    private long head;
    private @Nullable Batch current;
    private boolean running;
    private boolean touched;
    private boolean wasFull;
    private boolean fenced;

    MemoryLaneWriter(MemoryStore store, Leases.Lane lane, LaneListener listener) {
        this.tables = store.tables();
        this.runner = store.runner();
        this.filters = store.filters();
        this.copy = store.copy();
        this.lane = lane;
        this.listener = listener;
        this.head = lane.head();
    }

    @Override
    public void append(Append append) {
        queue.add(append);
        queued.incrementAndGet();
        runner.onLane(this::proceed);
    }

    @Override
    public boolean isFull() {
        return queued.get() >= QUEUE_APPENDS_MAX;
    }

    @Override
    public void touch() {
        runner.onLane(() -> {
            touched = true;
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

    /** Sends batch after batch until the queue is empty; a loop, so that answers that come at once don't nest. */
    private void proceed() {
        if (running) {
            return;
        }
        running = true;
        for (Batch next = nextBatch(); next != null; next = nextBatch()) {
            Batch batch = next;
            Future<Outcome> attempt = attempt(batch);
            if (!attempt.isComplete()) {
                attempt.onComplete(done -> {
                    conclude(batch, done.result());
                    running = false;
                    proceed();
                });
                return;
            }
            conclude(batch, attempt.result());
        }
        running = false;
        closers.forEach(Promise::tryComplete);
        closers.clear();
    }

    private @Nullable Batch nextBatch() {
        if (fenced) {
            return null;
        }
        if (current == null && (touched || !queue.isEmpty())) {
            current = formBatch();
        }
        return current;
    }

    private Batch formBatch() {
        touched = false;
        wasFull |= isFull();
        List<Append> appends = new ArrayList<>();
        long id = head;
        for (Append append = queue.poll(); append != null; append = queue.poll()) {
            id = LogId.next(id, lane.laneId(), tables.nowMillis());
            append.id(id);
            appends.add(append);
            if (appends.size() == BATCH_APPENDS_MAX) {
                break;
            }
        }
        queued.addAndGet(-appends.size());
        if (appends.isEmpty()) {
            id = Math.max(head, LogId.first(tables.nowMillis(), lane.laneId()));
        }
        rematch(appends);
        return new Batch(appends, id);
    }

    private void rematch(List<Append> appends) {
        for (Append append : appends) {
            if (append.filtersVersion() < copy.version()) {
                append.match();
            }
        }
    }

    /** Never fails: what the caller can't do anything about is tried again. */
    private Future<Outcome> attempt(Batch batch) {
        long oldHead = head;
        return runner.run("lane.append", () -> commit(batch, oldHead))
                .compose(outcome -> outcome instanceof Outcome.Stale ? catchUp(batch) : Future.succeededFuture(outcome))
                .otherwise(MemoryLaneWriter::afterFailure);
    }

    private Future<Outcome> catchUp(Batch batch) {
        return filters.catchUp().map(version -> {
            rematch(batch.appends());
            return new Outcome.TryAgain();
        });
    }

    private static Outcome afterFailure(Throwable failure) {
        return failure instanceof StorageException e && e.kind() == StorageException.Kind.TRANSIENT
                ? new Outcome.TryAgain()
                : new Outcome.Fenced();
    }

    private void conclude(Batch batch, Outcome outcome) {
        switch (outcome) {
            case Outcome.Committed committed -> {
                current = null;
                head = batch.newHead();
                tell(batch, committed.refusedIds());
            }
            case Outcome.Fenced fencedNow -> {
                current = null;
                fenced = true;
                listener.fenced();
            }
            case Outcome.Stale(), Outcome.TryAgain() -> {
                // The batch stays the current one and keeps its ids: the head tells the next try whether this one was
                // committed.
            }
        }
    }

    private void tell(Batch batch, Set<Long> refusedIds) {
        List<Append> committed = new ArrayList<>();
        for (Append append : batch.appends()) {
            if (refusedIds.contains(append.id())) {
                listener.refused(append);
            } else {
                committed.add(append);
            }
        }
        listener.committed(committed, batch.newHead());
        if (wasFull && queued.get() <= QUEUE_APPENDS_MAX / 2) {
            wasFull = false;
            listener.drained();
        }
    }

    /** The transaction. */
    private Outcome commit(Batch batch, long oldHead) {
        LaneRow row = tables.lanes.get(lane.laneId() - 1);
        if (row.owner != lane.incarnation()) {
            return new Outcome.Fenced();
        }
        if (row.head == batch.newHead() && row.head != oldHead) {
            return new Outcome.Committed(row.refusedOfLastBatch);
        }
        if (row.head != oldHead) {
            return new Outcome.Fenced();
        }
        if (batch.appends().stream().anyMatch(append -> append.filtersVersion() < tables.filterVersion)) {
            return new Outcome.Stale();
        }
        Set<Long> refused = new HashSet<>();
        for (Append append : batch.appends()) {
            if (!isAllowed(append)) {
                refused.add(append.id());
            } else {
                insert(append);
            }
        }
        row.head = batch.newHead();
        row.refusedOfLastBatch = refused;
        return new Outcome.Committed(refused);
    }

    /**
     * Whether session and will are still as the append believes; takes the receipt (I3) and consumes the will (I8). A receipt that was
     * there says that the message is in the log already.
     */
    private boolean isAllowed(Append append) {
        Append.Receipt receipt = append.receipt();
        if (receipt != null) {
            SessionRow session = tables.ownSession(receipt.sessionId(), receipt.epoch());
            if (session == null || !session.receipts.add(receipt.packetId())) {
                return false;
            }
        }
        return append.willId() == 0 || tables.wills.remove(append.willId()) != null;
    }

    private void insert(Append append) {
        Message message = append.message();
        for (long filterId : append.filterIds()) {
            tables.log.computeIfAbsent(filterId, id -> new TreeMap<>()).put(append.id(), message);
        }
        if (append.changesRetained()) {
            if (message.payload().length == 0) {
                tables.retained.remove(message.topic());
            } else {
                tables.retained.put(message.topic(), message);
            }
        }
    }
}
