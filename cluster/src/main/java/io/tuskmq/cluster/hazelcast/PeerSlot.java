package io.tuskmq.cluster.hazelcast;

import io.tuskmq.cluster.Peer;
import io.vertx.core.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A live peer, its number, and the order of what the listener is told about it. Calls come from the link's threads and from those that
 * apply routes; each holds the lock for one call only, and the lock is fair, so a message waits for one route and not for a million.
 */
final class PeerSlot {
    final Peer peer;
    final int slot;

    private final ReentrantLock calls = new ReentrantLock(true);
    private boolean gone;
    private volatile boolean linked;
    private volatile boolean heard;
    private volatile @Nullable PeerFollower follower;

    PeerSlot(Peer peer, int slot) {
        this.peer = peer;
        this.slot = slot;
    }

    void follow(PeerFollower its) {
        follower = its;
    }

    PeerFollower follower() {
        PeerFollower its = follower;
        if (its == null) {
            throw new IllegalStateException("nobody follows " + peer);
        }
        return its;
    }

    boolean isLinked() {
        return linked;
    }

    /** Whether both streams stand and the routes are right. */
    boolean isComplete() {
        return linked && heard && follower().isLoaded();
    }

    void linked(boolean now, Runnable call) {
        call(() -> {
            linked = now;
            call.run();
        });
    }

    void heard(boolean now, Runnable call) {
        call(() -> {
            heard = now;
            call.run();
        });
    }

    /** For a stream that stood before the peer was a live one; it may break while this is called. */
    void heardBefore(BooleanSupplier stands, Runnable call) {
        call(() -> {
            if (!heard && stands.getAsBoolean()) {
                heard = true;
                call.run();
            }
        });
    }

    /** Not after the peer is gone. */
    void call(Runnable call) {
        calls.lock();
        try {
            if (!gone) {
                call.run();
            }
        } finally {
            calls.unlock();
        }
    }

    <T> Future<T> ask(Supplier<Future<T>> call) {
        calls.lock();
        try {
            return gone ? Future.failedFuture("the node was let go") : call.get();
        } finally {
            calls.unlock();
        }
    }

    /** The last call. */
    void gone(Runnable call) {
        call(() -> {
            gone = true;
            call.run();
        });
    }
}
