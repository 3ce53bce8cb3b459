package io.tuskmq.node.session;

import io.tuskmq.node.rules.Event;
import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Context;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sessions of one event loop and the queue of what other threads have for them. Everything but {@link #post} and {@link
 * #isCongested} belongs to the event loop.
 */
final class Shard {
    private static final Logger LOG = LoggerFactory.getLogger(Shard.class);
    /** Tasks run in one go before sockets get their turn again. */
    private static final int TASKS_PER_TURN = 512;

    private final int index;
    private final Context context;
    private final int pendingMax;
    private final Shards all;

    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicInteger pending = new AtomicInteger();
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private volatile boolean reliefWanted;
    private final AtomicBoolean losing = new AtomicBoolean();

    private final Set<Receiver> receivers = new LinkedHashSet<>();
    private final Set<SessionRunner> waitingPublishers = new LinkedHashSet<>();
    private final LaneVector watermark = new LaneVector();
    private final ShardAudit audit = new ShardAudit();
    private long deliveries;

    // Counted in one tick, shown until the next one.
    private int sawLive;
    private int sawBehind;
    private volatile int live;
    private volatile int behind;

    /**
     * @param index 0 to 63: its bit in the masks of {@link Route}
     * @param pendingMax tasks that may wait; above it publishers are not read from and forwards are lost (the log has them)
     * @param all whose publishers are read from again when the queue is short after it was not
     */
    Shard(int index, Context context, int pendingMax, Shards all) {
        this.index = index;
        this.context = context;
        this.pendingMax = pendingMax;
        this.all = all;
    }

    long bit() {
        return 1L << index;
    }

    Context context() {
        return context;
    }

    /** Milliseconds since 1970. */
    long nowMillis() {
        return all.nowMillis();
    }

    /** Runs the task on the event loop, after those posted before; from any thread. */
    void post(Runnable task) {
        tasks.add(task);
        pending.incrementAndGet();
        schedule();
    }

    /** The same after a while. */
    void postAfter(long millis, Runnable task) {
        context.owner().setTimer(millis, timer -> post(task));
    }

    /** True when more waits than {@code pendingMax}. */
    boolean isCongested() {
        if (pending.get() <= pendingMax) {
            return false;
        }
        reliefWanted = true; // who sees it waits for the end of it
        return pending.get() > pendingMax;
    }

    /** True when twice that waits: other nodes' messages come in portions, however congested it is. */
    boolean isOverfull() {
        return pending.get() > 2 * pendingMax;
    }

    private void schedule() {
        if (scheduled.compareAndSet(false, true)) {
            context.runOnContext(nothing -> drain());
        }
    }

    private void drain() {
        int done = 0;
        for (Runnable task; done < TASKS_PER_TURN && (task = tasks.poll()) != null; ) {
            done++;
            run(task);
        }
        int left = pending.addAndGet(-done);
        scheduled.set(false);
        if (!tasks.isEmpty()) {
            schedule();
        }
        if (reliefWanted && left <= pendingMax) {
            reliefWanted = false;
            all.resumePublishers();
        }
    }

    /** A fault of ours in one session must not cost the others of this shard their messages. */
    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | AssertionError e) {
            LOG.error("a task of a shard failed", e);
        }
    }

    void add(Receiver receiver) {
        receivers.add(receiver);
    }

    void remove(Receiver receiver) {
        receivers.remove(receiver);
    }

    /** A snapshot: an event may end one. */
    private List<Receiver> receivers() {
        return new ArrayList<>(receivers);
    }

    /** The publisher is not read from until {@link #resumePublishers}. */
    void waits(SessionRunner publisher) {
        waitingPublishers.add(publisher);
    }

    void resumePublishers() {
        List<SessionRunner> waiting = new ArrayList<>(waitingPublishers);
        waitingPublishers.clear();
        for (SessionRunner publisher : waiting) {
            publisher.brokerHasRoom();
        }
    }

    /** Up to where all forwards of each lane were handled here. */
    LaneVector watermark() {
        return watermark;
    }

    /** A message that is in the log was not posted here: every session reads the log from its cursor. From any thread. */
    void loseForwards() {
        if (losing.compareAndSet(false, true)) {
            post(() -> {
                losing.set(false); // first: what is lost from now on needs another turn
                Event lost = new Event.ForwardsLost();
                receivers().forEach(receiver -> receiver.on(lost));
            });
        }
    }

    /** A number for one message's delivery: sessions matched more than once are found by it. */
    long nextDelivery() {
        return ++deliveries;
    }

    /** A stored session, or a group, at its tick. */
    void saw(boolean isLive) {
        sawLive += isLive ? 1 : 0;
        sawBehind += isLive ? 0 : 1;
    }

    /** Stored sessions here that take messages as they come, at the last tick; from any thread. */
    int live() {
        return live;
    }

    /** Those that read the log. */
    int behind() {
        return behind;
    }

    void tick(long nowMillis) {
        sawLive = 0;
        sawBehind = 0;
        resumePublishers(); // whatever they wait for: they look again
        Event tick = new Event.Tick(nowMillis);
        for (Receiver receiver : receivers()) {
            receiver.tick(tick);
        }
        live = sawLive;
        behind = sawBehind;
        audit.tick(receivers, watermark);
    }
}
