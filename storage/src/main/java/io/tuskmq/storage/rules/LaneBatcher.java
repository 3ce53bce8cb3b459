package io.tuskmq.storage.rules;

import io.tuskmq.storage.Append;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Decides what a lane's writer does next: which appends form the batch on its way, and what its outcome means. Pure: told of events
 * (methods), it returns actions. Owned by the lane's thread.
 *
 * <p>One batch is on its way at a time, and it is never changed or given up until its fate is known: its head (the last id in it) is
 * the key under which the database has it or not. So whatever an answer that was lost said, and however late an old attempt is still
 * carried out by the server, the batch is in the log once or not at all, and the next one comes after it (I2, I6).
 */
public final class LaneBatcher {
    /** What the writer has to do, in this order. */
    public sealed interface Action {
        /** Send the batch; answer with {@link #committed}, {@link #stale}, {@link #tooLow}, {@link #unknown} or another event. */
        record Send(Batch batch) implements Action {}

        /** Load the newest filters; answer with {@link #caughtUp}. */
        record CatchUp() implements Action {}

        /** Find out, on a connection that works, which owner and head the lane has; answer with {@link #headRead}. */
        record ReadHead() implements Action {}

        /** Make log partitions for the batch's ids; answer with {@link #tryAgain}. */
        record MakePartitions(Batch batch) implements Action {}

        /** Tell the listener. */
        record Committed(List<Append> appends, long head) implements Action {}

        /** Tell the listener. */
        record Refused(Append append) implements Action {}

        /** Tell the listener: nothing will be sent any more. */
        record Fenced() implements Action {}
    }

    /**
     * Appends with their ids given, and the head before and after them.
     *
     * @param staleRounds how often it was found to be matched with an old filter set
     */
    public record Batch(List<Append> appends, long oldHead, long newHead, int staleRounds) {
        /** The oldest version of the filter set that one of the appends was matched with. */
        public long version() {
            long version = Long.MAX_VALUE;
            for (Append append : appends) {
                version = Math.min(version, append.filtersVersion());
            }
            return version;
        }
    }

    /**
     * @param rowsMax rows of the log in one batch (an append alone may have more)
     * @param bytesMax bytes of messages in one batch (an append alone may have more)
     */
    public record Limits(int rowsMax, long bytesMax) {}

    private final int lane;
    private final long owner;
    private final Limits limits;
    private final ArrayDeque<Append> queue = new ArrayDeque<>();
    private Batch batch;
    private boolean busy;
    private boolean fenced;
    private boolean touched;
    private long filtersVersion;
    private int singles;

    /**
     * @param owner the incarnation that leased the lane
     * @param head the lane's head as leased
     */
    public LaneBatcher(int lane, long owner, long head, Limits limits) {
        this.lane = lane;
        this.owner = owner;
        this.limits = limits;
        this.batch = new Batch(List.of(), head, head, 0);
    }

    /** Takes an append into the queue; {@link #next} sends it. */
    public void add(Append append) {
        queue.add(append);
    }

    /** Wants the head moved up to now, by the next batch or by an empty one. */
    public void touch() {
        touched = true;
    }

    /** True when nothing waits and nothing is on its way. */
    public boolean isIdle() {
        return !busy && queue.isEmpty() && !touched;
    }

    public boolean isFenced() {
        return fenced;
    }

    /** The next batch, when none is on its way and there is something to send. */
    public List<Action> next(long nowMillis) {
        if (busy || fenced) {
            return List.of();
        }
        Batch formed = form(nowMillis);
        touched = false;
        if (formed.newHead() == formed.oldHead()) {
            return List.of();
        }
        batch = formed;
        busy = true;
        return List.of(new Action.Send(batch));
    }

    private Batch form(long nowMillis) {
        long oldHead = batch.newHead();
        long head = oldHead;
        List<Append> appends = new ArrayList<>();
        int rows = 0;
        long bytes = 0;
        while (!queue.isEmpty() && (singles == 0 || appends.isEmpty())) {
            Append append = queue.peek();
            int copies = Math.max(1, append.filterIds().length);
            long size = (long) copies * append.message().bytes();
            if (!appends.isEmpty() && (rows + copies > limits.rowsMax() || bytes + size > limits.bytesMax())) {
                break;
            }
            rows += copies;
            bytes += size;
            head = LogId.next(head, lane, nowMillis);
            append.id(head);
            filtersVersion = Math.max(filtersVersion, depends(append) ? append.filtersVersion() : 0);
            appends.add(queue.remove());
        }
        if (appends.isEmpty() && touched) {
            head = Math.max(head, LogId.first(nowMillis, lane));
        }
        singles = Math.max(0, singles - appends.size());
        Batch formed = new Batch(appends, oldHead, head, 0);
        rematch(formed);
        return formed;
    }

    private static boolean depends(Append append) {
        return append.filtersVersion() != Long.MAX_VALUE;
    }

    private void rematch(Batch stale) {
        for (Append append : stale.appends()) {
            if (append.filtersVersion() < filtersVersion) {
                append.match();
            }
        }
    }

    /** The batch is in the log, but for the appends with these ids. */
    public List<Action> committed(Set<Long> refused, long nowMillis) {
        List<Action> actions = new ArrayList<>();
        List<Append> stored = new ArrayList<>(batch.appends().size());
        for (Append append : batch.appends()) {
            if (refused.contains(append.id())) {
                actions.add(new Action.Refused(append));
            } else {
                stored.add(append);
            }
        }
        actions.add(new Action.Committed(stored, batch.newHead()));
        batch = new Batch(List.of(), batch.newHead(), batch.newHead(), 0);
        busy = false;
        actions.addAll(next(nowMillis));
        return actions;
    }

    /** Nothing was stored: a filter has been added since the batch was matched. */
    public List<Action> stale() {
        batch = new Batch(batch.appends(), batch.oldHead(), batch.newHead(), batch.staleRounds() + 1);
        return List.of(new Action.CatchUp());
    }

    /** The node's copy of the filter set has reached this version. */
    public List<Action> caughtUp(long version) {
        filtersVersion = Math.max(filtersVersion, version);
        return tryAgain();
    }

    /** Nothing was stored, for no fault of the batch's (a deadlock, a partition that is there now). */
    public List<Action> tryAgain() {
        rematch(batch);
        return List.of(new Action.Send(batch));
    }

    /**
     * Nothing was stored: a retained message that this batch replaces, or a copy of it, has the id {@code floor}, of another lane, and
     * who reads the log would take it for the newer one. The batch is formed anew, above it.
     */
    public List<Action> tooLow(long floor, long nowMillis) {
        requeue();
        return next(Math.max(nowMillis, LogId.millisOf(floor) + 1));
    }

    /** Gives the batch up, which is not stored and never will be: its appends come first in the next one. */
    private void requeue() {
        for (Append append : batch.appends().reversed()) {
            queue.addFirst(append);
        }
        batch = new Batch(List.of(), batch.oldHead(), batch.oldHead(), 0);
        busy = false;
    }

    /** Nothing was stored: there is no partition for these ids. */
    public List<Action> noPartition() {
        return List.of(new Action.MakePartitions(batch));
    }

    /** The answer was lost, or says that the lane is not as we believe. */
    public List<Action> unknown() {
        return List.of(new Action.ReadHead());
    }

    /** What the database says of the lane: the fate of the batch. */
    public List<Action> headRead(long ownerNow, long headNow, Set<Long> refused, long nowMillis) {
        if (ownerNow != owner) {
            return fence();
        }
        if (headNow == batch.newHead()) {
            return committed(refused, nowMillis);
        }
        // A head that is neither: someone writes under our incarnation. Whatever it is, it must not go on.
        return headNow == batch.oldHead() ? tryAgain() : fence();
    }

    /**
     * Nothing was stored and never will be, by a fault of one of the appends: each of them is tried alone, and the one that fails alone
     * is refused.
     */
    public List<Action> rejected(long nowMillis) {
        List<Action> actions = new ArrayList<>();
        List<Append> appends = batch.appends();
        if (appends.size() == 1) {
            actions.add(new Action.Refused(appends.getFirst()));
            batch = new Batch(List.of(), batch.oldHead(), batch.oldHead(), 0);
            busy = false;
        } else {
            singles += appends.size();
            requeue();
        }
        actions.addAll(next(nowMillis));
        return actions;
    }

    private List<Action> fence() {
        fenced = true;
        busy = false;
        queue.clear();
        return List.of(new Action.Fenced());
    }
}
