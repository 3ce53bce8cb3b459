package io.tuskmq.node.session;

import io.netty.channel.EventLoop;
import io.vertx.core.Context;
import io.vertx.core.internal.ContextInternal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/** All shards of the node: one for each event loop that ever had a connection. */
public final class Shards {
    /** One bit each in a {@code long}. */
    private static final int SHARDS_MAX = Long.SIZE;

    private static final int PENDING_MAX = 20_000;

    private final Map<EventLoop, Shard> byEventLoop = new ConcurrentHashMap<>();
    private final ReentrantLock adding = new ReentrantLock();
    private final List<Shard> all = new CopyOnWriteArrayList<>();

    private final LongSupplier wallClock;

    public Shards() {
        this(System::currentTimeMillis);
    }

    /** @param wallClock milliseconds since 1970 */
    public Shards(LongSupplier wallClock) {
        this.wallClock = wallClock;
    }

    /** Milliseconds since 1970. */
    long nowMillis() {
        return wallClock.getAsLong();
    }

    /** The shard of the context's event loop. */
    Shard of(Context context) {
        return byEventLoop.computeIfAbsent(((ContextInternal) context).nettyEventLoop(), loop -> add(context));
    }

    private Shard add(Context context) {
        adding.lock();
        try {
            return addLocked(context);
        } finally {
            adding.unlock();
        }
    }

    private Shard addLocked(Context context) {
        if (all.size() == SHARDS_MAX) {
            throw new IllegalStateException("more than " + SHARDS_MAX + " event loops serve connections");
        }
        Shard shard = new Shard(all.size(), context, PENDING_MAX, this);
        all.add(shard);
        context.owner().setPeriodic(1_000, timer -> shard.post(() -> shard.tick(nowMillis())));
        return shard;
    }

    List<Shard> all() {
        return all;
    }

    /** The shard whose bit is set lowest in the mask. */
    Shard first(long mask) {
        return all.get(Long.numberOfTrailingZeros(mask));
    }

    boolean isCongested() {
        for (Shard shard : all) {
            if (shard.isCongested()) {
                return true;
            }
        }
        return false;
    }

    /** Whether twice as much waits in one as makes it congested. */
    boolean isOverfull() {
        for (Shard shard : all) {
            if (shard.isOverfull()) {
                return true;
            }
        }
        return false;
    }

    /** Stored sessions, and groups, that take messages as they come; from any thread. */
    public int live() {
        return all.stream().mapToInt(Shard::live).sum();
    }

    /** Those that read the log, since they have not caught up yet. */
    public int behind() {
        return all.stream().mapToInt(Shard::behind).sum();
    }

    /** What publishers waited for may be over: they are read from again and look for themselves. */
    void resumePublishers() {
        for (Shard shard : all) {
            shard.post(shard::resumePublishers);
        }
    }
}
