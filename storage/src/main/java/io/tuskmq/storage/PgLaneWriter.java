package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneBatcher;
import io.tuskmq.storage.rules.LaneBatcher.Action;
import io.tuskmq.storage.rules.LaneBatcher.Batch;
import io.vertx.core.AsyncResult;
import io.vertx.core.Completable;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The writer of one lane: carries out what its {@link LaneBatcher} decides, on a connection and an event loop of its own. While the
 * database is away it keeps what it has and keeps trying (I11).
 */
final class PgLaneWriter implements LaneWriter {
    static final int QUEUE_APPENDS_MAX = 10_000;
    static final long QUEUE_BYTES_MAX = 16L << 20;
    private static final LaneBatcher.Limits BATCH = new LaneBatcher.Limits(1_000, 1 << 20);
    private static final int STALE_ROUNDS_MAX = 3;
    /** Above the time that PostgreSQL itself allows a statement: after it nothing answers any more. */
    private static final long ANSWER_MILLIS_MORE = 1_000;

    private static final long ANSWER_UNDER_LOCK_MILLIS_MAX = 12_000;
    private static final long BACKOFF_MILLIS_MIN = 20;
    private static final long BACKOFF_MILLIS_MAX = 250;
    private static final Logger log = LoggerFactory.getLogger(PgLaneWriter.class);

    private static final String LOCK_FILTERS = "SELECT pg_advisory_xact_lock_shared(filter_set_lock())";
    // FOR UPDATE: a server process whose connection broke may still be committing; we wait for it.
    private static final String READ_HEAD = "SELECT owner, head, refused FROM lane WHERE lane_id = $1 FOR UPDATE";

    private final Sql sql;
    private final Filters filters;
    private final PgPartitions partitions;
    private final Leases.Lane lane;
    private final LaneListener listener;
    private final Context context;
    private final long answerMillisMax;
    private final LaneBatcher batcher;

    // Shared with the threads that append.
    private final Queue<Append> incoming = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final AtomicInteger appendsHeld = new AtomicInteger();
    private final AtomicLong bytesHeld = new AtomicLong();
    private volatile boolean wasFull;

    // Owned by the lane's thread.
    private final List<Promise<Void>> closers = new ArrayList<>();
    private @Nullable PgConnection connection;
    private long backoffMillis = BACKOFF_MILLIS_MIN;
    /** When the batch on its way was first sent; 0 = none is. */
    private long sentAtNanos;

    PgLaneWriter(Sql sql, Filters filters, PgPartitions partitions, Leases.Lane lane, LaneListener listener) {
        this.sql = sql;
        this.filters = filters;
        this.partitions = partitions;
        this.lane = lane;
        this.listener = listener;
        this.context = ((VertxInternal) sql.vertx()).createEventLoopContext();
        this.answerMillisMax = sql.timeoutMillis() + ANSWER_MILLIS_MORE;
        this.batcher = new LaneBatcher(lane.laneId(), lane.incarnation(), lane.head(), BATCH);
    }

    @Override
    public void append(Append append) {
        appendsHeld.incrementAndGet();
        bytesHeld.addAndGet(append.message().bytes());
        if (isFull()) {
            wasFull = true;
        }
        incoming.add(append);
        schedule();
    }

    private void schedule() {
        if (scheduled.compareAndSet(false, true)) {
            context.runOnContext(v -> {
                scheduled.set(false);
                proceed();
            });
        }
    }

    private void proceed() {
        for (Append append = incoming.poll(); append != null; append = incoming.poll()) {
            batcher.add(append);
        }
        perform(batcher.next(System.currentTimeMillis()));
        endWhenIdle();
    }

    @Override
    public boolean isFull() {
        return appendsHeld.get() >= QUEUE_APPENDS_MAX || bytesHeld.get() >= QUEUE_BYTES_MAX;
    }

    @Override
    public void touch() {
        context.runOnContext(v -> {
            batcher.touch();
            proceed();
        });
    }

    @Override
    public Future<Void> close() {
        Promise<Void> closed = Promise.promise();
        context.runOnContext(v -> {
            closers.add(closed);
            proceed();
        });
        return closed.future();
    }

    private void endWhenIdle() {
        if (closers.isEmpty() || !(batcher.isFenced() || batcher.isIdle())) {
            return;
        }
        List<Promise<Void>> ended = List.copyOf(closers);
        closers.clear();
        PgConnection last = connection;
        connection = null;
        Future<Void> closed = last == null ? Future.succeededFuture() : last.close();
        // The connection may be broken already; then it is closed, which is all that was wanted.
        closed.onComplete(done -> ended.forEach(Promise::complete));
    }

    private void perform(List<Action> actions) {
        for (Action action : actions) {
            switch (action) {
                case Action.Send(Batch batch) -> send(batch);
                case Action.CatchUp() -> catchUp();
                case Action.ReadHead() -> readHead();
                case Action.MakePartitions(Batch batch) -> makePartitions(batch);
                case Action.Committed(List<Append> appends, long head) -> {
                    measure(appends.size());
                    appends.forEach(this::letGo);
                    listener.committed(appends, head);
                    tellWhenDrained();
                }
                case Action.Refused(Append append) -> {
                    letGo(append);
                    listener.refused(append);
                    tellWhenDrained();
                }
                case Action.Fenced() -> {
                    log.warn("lane fenced lane={} incarnation={}", lane.laneId(), lane.incarnation());
                    dropConnection();
                    listener.fenced();
                }
            }
        }
        endWhenIdle();
    }

    private void measure(int appends) {
        if (sentAtNanos != 0) {
            listener.measured(appends, System.nanoTime() - sentAtNanos);
            sentAtNanos = 0;
        }
    }

    private void letGo(Append append) {
        appendsHeld.decrementAndGet();
        bytesHeld.addAndGet(-append.message().bytes());
    }

    private void tellWhenDrained() {
        if (wasFull && appendsHeld.get() <= QUEUE_APPENDS_MAX / 2 && bytesHeld.get() <= QUEUE_BYTES_MAX / 2) {
            wasFull = false;
            listener.drained();
        }
    }

    private void send(Batch batch) {
        if (sentAtNanos == 0) {
            sentAtNanos = System.nanoTime();
        }
        PgConnection open = connection;
        if (open == null) {
            connectThen(() -> perform(batcher.tryAgain()));
            return;
        }
        Future<RowSet<Row>> answer = batch.staleRounds() < STALE_ROUNDS_MAX
                ? append(open, batch).timeout(answerMillisMax, TimeUnit.MILLISECONDS)
                : sendUnderLock(open, batch).timeout(ANSWER_UNDER_LOCK_MILLIS_MAX, TimeUnit.MILLISECONDS);
        answer.onComplete(done -> {
            if (done.succeeded()) {
                backoffMillis = BACKOFF_MILLIS_MIN;
                perform(answered(done.result().iterator().next()));
            } else {
                perform(failed(done.cause()));
            }
        });
    }

    private Future<RowSet<Row>> append(PgConnection open, Batch batch) {
        AppendCall.Ready call = AppendCall.of(lane, batch);
        return open.preparedQuery(call.statement()).execute(call.parameters());
    }

    /** New filters came faster than the batch could be matched: for once it is matched while no filter can be added. */
    private Future<RowSet<Row>> sendUnderLock(PgConnection open, Batch batch) {
        return open.begin()
                .compose(transaction -> open.query(LOCK_FILTERS)
                        .execute()
                        .compose(locked -> filters.catchUp())
                        .compose(version -> {
                            batch.appends().forEach(Append::match);
                            return append(open, batch);
                        })
                        .compose(rows -> transaction.commit().map(rows)));
    }

    private List<Action> answered(Row row) {
        return switch (row.getInteger("status")) {
            case 0 -> batcher.committed(refused(row), System.currentTimeMillis());
            case 1 -> batcher.stale();
            case 3 -> batcher.tooLow(row.getLong("head"), System.currentTimeMillis());
            default -> batcher.unknown();
        };
    }

    private static Set<Long> refused(Row row) {
        Long[] ids = row.getArrayOfLongs("refused");
        return ids == null || ids.length == 0 ? Set.of() : new HashSet<>(Arrays.asList(ids));
    }

    private List<Action> failed(Throwable failure) {
        if (Sql.isConflict(failure)) {
            return batcher.tryAgain();
        }
        if (PgPartitions.isMissing(failure)) {
            return batcher.noPartition();
        }
        if (Sql.failure(failure).kind() == StorageException.Kind.PERMANENT && !isFatal(failure)) {
            log.error(
                    "append failed lane={} reason={}",
                    lane.laneId(),
                    Sql.failure(failure).getMessage());
            return batcher.rejected(System.currentTimeMillis());
        }
        log.warn(
                "append unanswered lane={} reason={}",
                lane.laneId(),
                Sql.failure(failure).getMessage());
        // Also when the server said that it failed: a connection to a server that is going down is of no more use.
        dropConnection();
        return batcher.unknown();
    }

    private static boolean isFatal(Throwable failure) {
        return failure instanceof PgException pg && !"ERROR".equals(pg.getSeverity());
    }

    private void catchUp() {
        filters.catchUp().onComplete(onLane(done -> {
            if (done.succeeded()) {
                perform(batcher.caughtUp(done.result()));
            } else {
                later("new filters can't be read", done.cause(), this::catchUp);
            }
        }));
    }

    private void makePartitions(Batch batch) {
        partitions.ensure(batch).onComplete(onLane(done -> {
            if (done.succeeded()) {
                perform(batcher.tryAgain());
            } else {
                later("a partition can't be made", done.cause(), () -> makePartitions(batch));
            }
        }));
    }

    private void readHead() {
        PgConnection open = connection;
        if (open == null) {
            connectThen(this::readHead);
            return;
        }
        open.preparedQuery(READ_HEAD)
                .execute(Tuple.of(lane.laneId()))
                .timeout(answerMillisMax, TimeUnit.MILLISECONDS)
                .onComplete(done -> {
                    if (done.succeeded() && done.result().size() == 1) {
                        Row row = done.result().iterator().next();
                        Long owner = row.getLong("owner");
                        perform(batcher.headRead(
                                owner == null ? 0 : owner,
                                row.getLong("head"),
                                refused(row),
                                System.currentTimeMillis()));
                    } else {
                        dropConnection();
                        later("the lane's head can't be read", done.cause(), this::readHead);
                    }
                });
    }

    private void connectThen(Runnable then) {
        sql.connect().onComplete(onLane(done -> {
            if (done.failed()) {
                later("the database can't be reached", done.cause(), () -> connectThen(then));
                return;
            }
            PgConnection opened = done.result();
            opened.closeHandler(v -> {
                if (opened.equals(connection)) {
                    connection = null;
                }
            });
            // Failures of statements come with their answers; what comes here has no statement, and the close follows.
            opened.exceptionHandler(e -> log.debug("connection lost lane={} reason={}", lane.laneId(), e.getMessage()));
            connection = opened;
            then.run();
        }));
    }

    private void dropConnection() {
        PgConnection broken = connection;
        connection = null;
        if (broken != null) {
            broken.close().onFailure(e -> log.debug("close failed lane={} reason={}", lane.laneId(), e.getMessage()));
        }
    }

    /** Says so for the first of several tries in a row. */
    private void later(String what, @Nullable Throwable failure, Runnable retry) {
        long delay = backoffMillis;
        if (delay == BACKOFF_MILLIS_MIN) {
            String reason = failure == null
                    ? "it is gone"
                    : String.valueOf(Sql.failure(failure).getMessage());
            log.warn("append waits lane={} {} reason={}", lane.laneId(), what, reason);
        }
        backoffMillis = Math.min(backoffMillis * 2, BACKOFF_MILLIS_MAX);
        sql.vertx().setTimer(delay, id -> context.runOnContext(v -> retry.run()));
    }

    private <T> Completable<T> onLane(Handler<AsyncResult<T>> handler) {
        return (result, failure) -> {
            AsyncResult<T> done = failure == null ? Future.succeededFuture(result) : Future.failedFuture(failure);
            if (context.equals(Vertx.currentContext())) {
                handler.handle(done);
            } else {
                context.runOnContext(v -> handler.handle(done));
            }
        };
    }
}
