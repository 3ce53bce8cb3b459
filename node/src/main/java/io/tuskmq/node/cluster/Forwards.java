package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.node.session.Peers;
import io.tuskmq.storage.Message;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What this node sends to others: direct messages as they come, and of each lane a chain of frames. A frame says what the peer was told
 * last of the lane; when one could not be sent the chain is broken, the next frame shows it, and the peer reads the log.
 */
final class Forwards implements Peers {
    /** What the peer was told of a lane: nothing that it could rely on. */
    private static final long BROKEN = -1;

    private final Cluster cluster;
    private final ClusterWills wills;
    private final ClusterCounters counters;
    private final Map<Integer, LaneChains> lanes = new ConcurrentHashMap<>();
    private final ReentrantLock marking = new ReentrantLock();
    /** Bits of the peers that are linked. */
    private volatile long linked;

    Forwards(Cluster cluster, ClusterWills wills, ClusterCounters counters) {
        this.cluster = cluster;
        this.wills = wills;
        this.counters = counters;
    }

    /** A lane of this node; before its first batch. */
    void own(int lane, long head) {
        lanes.put(lane, new LaneChains(lane, head));
    }

    /** A stream to the peer begins: it can rely on nothing that was told before. */
    void linked(int slot) {
        lanes.values().forEach(chains -> chains.breakOff(slot));
        mark(slot, true);
        tellHeads();
    }

    void unlinked(int slot) {
        mark(slot, false);
    }

    private void mark(int slot, boolean on) {
        marking.lock();
        try {
            linked = on ? linked | 1L << slot : linked & ~(1L << slot);
        } finally {
            marking.unlock();
        }
    }

    /** Tells the heads that moved without a message for the peer; about ten times a second. */
    void tellHeads() {
        lanes.values().forEach(LaneChains::tellHead);
    }

    void tellHealth(Frames.Health health) {
        Buffer frame = Frames.health(health);
        for (long mask = linked; mask != 0; mask &= mask - 1) {
            cluster.tell(Long.numberOfTrailingZeros(mask), frame); // one that doesn't arrive counts as not said
        }
    }

    @Override
    public void routeChanged(String filter, int flags) {
        cluster.routeChanged(filter, flags);
    }

    @Override
    public Future<Void> routesApplied() {
        return cluster.routesApplied();
    }

    /** The same of one peer. */
    Future<Void> routesAppliedBy(long incarnation) {
        return cluster.routesApplied(incarnation);
    }

    @Override
    public void direct(long mask, Message message) {
        Buffer frame = Frames.direct(message);
        for (long left = mask; left != 0; left &= left - 1) {
            if (cluster.tellPaced(Long.numberOfTrailingZeros(left), frame)) {
                counters.forwarded(1);
            } else {
                counters.directLost();
            }
        }
    }

    @Override
    public boolean isSlow(long mask) {
        for (long left = mask; left != 0; left &= left - 1) {
            if (cluster.isSlow(Long.numberOfTrailingZeros(left))) {
                return true;
            }
        }
        return false;
    }

    @Override
    public ClusterWills wills() {
        return wills;
    }

    @Override
    public void logged(int lane, long id, Message message, long mask) {
        chains(lane).add(Frames.row(id, message), mask);
    }

    @Override
    public void committed(int lane, long before, long head) {
        chains(lane).committed(before, head);
    }

    private LaneChains chains(int lane) {
        LaneChains chains = lanes.get(lane);
        if (chains == null) {
            throw new IllegalStateException("lane " + lane + " is not this node's");
        }
        return chains;
    }

    /** One lane and what each peer was told of it. Used by the lane's thread, and by timers and links now and then: under a lock. */
    private final class LaneChains {
        private final int lane;
        private final ReentrantLock lock = new ReentrantLock();
        private final long[] told = new long[Cluster.SLOTS];
        private final Buffer[] rows = new Buffer[Cluster.SLOTS];
        private final int[] counts = new int[Cluster.SLOTS];
        private long filled;
        private long head;

        LaneChains(int lane, long head) {
            this.lane = lane;
            this.head = head;
            java.util.Arrays.fill(told, BROKEN);
        }

        /** On the lane's thread, which alone touches what is being gathered. */
        void add(Buffer row, long mask) {
            for (long left = mask; left != 0; left &= left - 1) {
                int slot = Long.numberOfTrailingZeros(left);
                if ((filled & 1L << slot) == 0) {
                    filled |= 1L << slot;
                    rows[slot] = Buffer.buffer();
                    counts[slot] = 0;
                }
                rows[slot].appendBuffer(row);
                counts[slot]++;
            }
        }

        void committed(long before, long newHead) {
            lock.lock();
            try {
                for (long left = filled; left != 0; left &= left - 1) {
                    int slot = Long.numberOfTrailingZeros(left);
                    tell(slot, before, newHead, rows[slot]);
                    rows[slot] = Buffer.buffer(0);
                    counters.forwarded(counts[slot]);
                }
                filled = 0;
                head = newHead;
            } finally {
                lock.unlock();
            }
        }

        /** A broken chain begins anew with what this frame holds: it says that it follows the batch before. */
        private void tell(int slot, long before, long newHead, Buffer content) {
            boolean isLinked = (linked & 1L << slot) != 0;
            long after = told[slot] == BROKEN ? before : told[slot];
            boolean sent = isLinked && cluster.tell(slot, Frames.lane(lane, after, newHead, content));
            told[slot] = sent ? newHead : BROKEN;
        }

        /** Not while a batch is being told: it tells the head, or the next call does. The heartbeat's thread waits for nobody here. */
        void tellHead() {
            if (!lock.tryLock()) {
                return;
            }
            try {
                Buffer none = Buffer.buffer(0);
                for (long left = linked; left != 0; left &= left - 1) {
                    int slot = Long.numberOfTrailingZeros(left);
                    if (told[slot] != head) {
                        tell(slot, head, head, none);
                    }
                }
            } finally {
                lock.unlock();
            }
        }

        void breakOff(int slot) {
            lock.lock();
            try {
                told[slot] = BROKEN;
            } finally {
                lock.unlock();
            }
        }
    }
}
