package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Peer;
import io.tuskmq.node.session.GroupFrame;
import io.tuskmq.node.session.GroupPeers;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What groups say to other nodes, over the links. */
final class ClusterGroups implements GroupPeers {
    /** A join waits for the group's claim there. */
    private static final long JOIN_MILLIS = 5_000;

    private static final long RETRY_MILLIS = 50;

    private final Vertx vertx;
    private final Cluster cluster;
    private final Map<Long, Way> ways = new ConcurrentHashMap<>();

    ClusterGroups(Vertx vertx, Cluster cluster) {
        this.vertx = vertx;
        this.cluster = cluster;
    }

    void linked(int slot, Peer peer) {
        way(peer).linked(slot);
    }

    void unlinked(Peer peer) {
        way(peer).unlinked();
    }

    void heard(Peer peer, boolean now) {
        way(peer).heard = now;
    }

    void gone(Peer peer) {
        Way way = ways.remove(peer.incarnation());
        if (way != null) {
            way.unlinked();
        }
    }

    private Way way(Peer peer) {
        return ways.computeIfAbsent(peer.incarnation(), node -> new Way());
    }

    @Override
    public Future<Long> coordinator(String group) {
        return cluster.coordinator(group);
    }

    @Override
    public void leaveGroup(String group) {
        cluster.leaveGroup(group);
    }

    @Override
    public boolean isReachable(long incarnation) {
        Way way = ways.get(incarnation);
        return way != null && way.heard && way.slot >= 0;
    }

    @Override
    public Future<Long> join(long incarnation, GroupFrame.Join join) {
        return isReachable(incarnation)
                ? cluster.ask(incarnation, Frames.ofGroup(join), JOIN_MILLIS).map(answer -> answer.getLong(0))
                : Future.failedFuture("node " + incarnation + " can't be reached");
    }

    @Override
    public boolean deal(long incarnation, GroupFrame.Dealt dealt) {
        Way way = ways.get(incarnation);
        return way != null && way.offer(Frames.ofGroup(dealt));
    }

    @Override
    public void tell(long incarnation, GroupFrame frame) {
        Way way = ways.get(incarnation);
        if (way != null) {
            way.tell(Frames.ofGroup(frame));
        }
    }

    /** To one node. What must be said and finds the link full waits here: a few bytes for each message that a member has. */
    private final class Way {
        private final ReentrantLock lock = new ReentrantLock();
        private final Queue<Buffer> waiting = new ArrayDeque<>();
        private volatile int slot = -1;
        volatile boolean heard;

        void linked(int at) {
            lock.lock();
            try {
                waiting.clear();
                slot = at;
            } finally {
                lock.unlock();
            }
        }

        void unlinked() {
            lock.lock();
            try {
                waiting.clear(); // the node takes it for lost, with all that it concerns
                slot = -1;
            } finally {
                lock.unlock();
            }
        }

        boolean offer(Buffer frame) {
            lock.lock();
            try {
                return slot >= 0 && waiting.isEmpty() && cluster.tell(slot, frame);
            } finally {
                lock.unlock();
            }
        }

        void tell(Buffer frame) {
            lock.lock();
            try {
                if (slot < 0 || (waiting.isEmpty() && cluster.tell(slot, frame))) {
                    return;
                }
                waiting.add(frame);
                if (waiting.size() == 1) {
                    vertx.setTimer(RETRY_MILLIS, timer -> tellWaiting());
                }
            } finally {
                lock.unlock();
            }
        }

        private void tellWaiting() {
            lock.lock();
            try {
                for (@Nullable Buffer next = waiting.peek(); next != null; next = waiting.peek()) {
                    if (!cluster.tell(slot, next)) {
                        vertx.setTimer(RETRY_MILLIS, timer -> tellWaiting());
                        return;
                    }
                    waiting.remove();
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
