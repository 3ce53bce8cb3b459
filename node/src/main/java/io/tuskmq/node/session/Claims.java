package io.tuskmq.node.session;

import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.StorageException;
import io.tuskmq.storage.Store;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes sessions from the store and gives them back. */
public final class Claims {
    private static final Logger LOG = LoggerFactory.getLogger(Claims.class);
    /** A CONNECT is answered within 5 s, also when the database is away (I11); some of that is the takeover's. */
    private static final long CLAIM_MILLIS = 2_800;

    /** How much of it a claim waits for an earlier one of the same client to be undone. */
    private static final long UNDO_MILLIS = 1_000;

    private static final long RETRY_MILLIS = 500;
    /** Claims that are being undone; while there are more, none is made. */
    private static final int ABANDONED_MAX = 100_000;

    private final Vertx vertx;
    private final Store store;
    private final AtomicLong tokens = new AtomicLong();
    /** By client id: claims of unknown outcome that are being undone. From any event loop. */
    private final Map<String, Future<Void>> abandoned = new ConcurrentHashMap<>();

    public Claims(Vertx vertx, Store store) {
        this.vertx = vertx;
        this.store = store;
    }

    /** A new claim's token: incarnations are never used again, and make less than 2^32 claims. */
    long newToken(long incarnation) {
        return (incarnation << 32) + tokens.incrementAndGet();
    }

    /**
     * Claims the session, or fails soon. A claim whose outcome isn't known by then is undone, before the same client's next one is made:
     * else its will would be published, of a connection that never was.
     */
    Future<Claimed> claim(Sessions.Claim claim) {
        Future<Void> undoing = abandoned.get(claim.clientId());
        if (undoing != null) {
            return TimeLimit.within(vertx, UNDO_MILLIS, undoing)
                    .compose(undone -> claimWithin(claim, CLAIM_MILLIS - UNDO_MILLIS));
        }
        if (abandoned.size() >= ABANDONED_MAX) {
            return Future.failedFuture(new StorageException(
                    StorageException.Kind.OVERLOADED, "too many claims have an unknown outcome", null));
        }
        return claimWithin(claim, CLAIM_MILLIS);
    }

    private Future<Claimed> claimWithin(Sessions.Claim claim, long millis) {
        Future<Claimed> claimed =
                TimeLimit.within(vertx, millis, store.sessions().claim(claim));
        claimed.onFailure(failure -> {
            if (!(failure instanceof StorageException known) || known.kind() == StorageException.Kind.TRANSIENT) {
                LOG.info("client={} claim of unknown outcome: it is undone", claim.clientId());
                undo(claim);
            }
        });
        return claimed;
    }

    private void undo(Sessions.Claim claim) {
        Future<Void> undone = untilDone(() -> store.sessions().abandon(claim));
        abandoned.put(claim.clientId(), undone);
        undone.onComplete(done -> abandoned.remove(claim.clientId(), undone));
    }

    /** Completes when the claims are undone that were given up until now: while one is not, the end of the lease would make its will due. */
    Future<Void> undone() {
        return Future.join(List.copyOf(abandoned.values())).mapEmpty();
    }

    /** Undoes a claim that nothing came of, as when the client has gone before its CONNACK: the session is as it was, no will was accepted. */
    void giveBack(Sessions.Claim claim, Claimed.Owned owned) {
        LOG.info("client={} is claimed in vain", claim.clientId());
        if (owned.sessionId() != 0 || owned.willId() != 0) {
            undo(claim);
        }
    }

    /** Completes when it is stored, however long the database is away; with false when the session belongs to a newer claim. */
    Future<Boolean> release(Sessions.Release release) {
        return untilDone(() -> store.sessions().release(release));
    }

    Future<Void> endWill(long willId, Sessions.WillAction action) {
        return untilDone(() -> store.wills().apply(willId, action));
    }

    private <T> Future<T> untilDone(Supplier<Future<T>> write) {
        Promise<T> done = Promise.promise();
        attempt(write, done);
        return done.future();
    }

    private <T> void attempt(Supplier<Future<T>> write, Promise<T> done) {
        write.get().onComplete(done::complete, failure -> {
            if (failure instanceof StorageException storage && storage.isPassing()) {
                vertx.setTimer(RETRY_MILLIS, timer -> attempt(write, done));
            } else {
                LOG.error("a session was not released; it stays claimed until it is claimed anew", failure);
                done.fail(failure);
            }
        });
    }
}
