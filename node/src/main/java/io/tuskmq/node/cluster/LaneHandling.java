package io.tuskmq.node.cluster;

import io.tuskmq.node.rules.LaneWatch;
import io.tuskmq.node.session.Router;
import io.tuskmq.storage.Leases.LaneState;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Hands over what other nodes' lanes committed, and sees to it that nothing is missing ({@link LaneWatch}). Frames come on the links'
 * event loops, heartbeats on another: one at a time.
 */
final class LaneHandling {
    /** The thread of the heartbeat waits no longer for one that handles frames. */
    private static final long HEARTBEAT_WAITS_MILLIS = 50;

    private final Router router;
    private final ClusterCounters counters;
    private final ReentrantLock lock = new ReentrantLock();
    private final LaneWatch watch = new LaneWatch();

    LaneHandling(Router router, ClusterCounters counters) {
        this.router = router;
        this.counters = counters;
    }

    void frame(Frames.Lane frame) {
        lock.lock();
        try {
            if (!watch.continues(frame.lane(), frame.after())) {
                counters.gap();
                router.loseForwards();
            }
            for (Frames.Row row : frame.rows()) {
                router.deliverLoggedOfPeer(row.id(), row.message());
            }
            watch.handled(frame.lane(), frame.head());
            router.completeUpTo(frame.lane(), frame.head());
        } finally {
            lock.unlock();
        }
    }

    /** Left out when frames are handled all the time: the next heartbeat says the same, and this one has other things to do. */
    void heartbeat(List<LaneState> lanes, long self) {
        try {
            if (!lock.tryLock(HEARTBEAT_WAITS_MILLIS, TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return;
        }
        try {
            LaneWatch.Verdict verdict = watch.heartbeat(lanes, self);
            if (!verdict.missing().isEmpty()) {
                boolean ownersGone = lanes.stream()
                        .filter(lane -> verdict.missing().contains(lane.laneId()))
                        .allMatch(lane -> lane.owner() == 0);
                if (ownersGone) {
                    counters.ownerGone();
                } else {
                    counters.unforwarded();
                }
                router.loseForwards();
            }
            verdict.complete().forEach(complete -> router.completeUpTo(complete.lane(), complete.head()));
        } finally {
            lock.unlock();
        }
    }
}
