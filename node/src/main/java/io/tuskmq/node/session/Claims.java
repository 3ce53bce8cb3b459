package io.tuskmq.node.session;

import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.StorageException;
import io.tuskmq.storage.Store;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes sessions from the store and gives them back. */
public final class Claims {
    private static final Logger LOG = LoggerFactory.getLogger(Claims.class);
    /** A CONNECT is answered within 5 s, also when the database is away (I11); some of that is the takeover's. */
    private static final long CLAIM_MILLIS = 2_800;

    private static final long RETRY_MILLIS = 500;

    private final Vertx vertx;
    private final Store store;

    public Claims(Vertx vertx, Store store) {
        this.vertx = vertx;
        this.store = store;
    }

    /** Claims the session, or fails soon. A claim that succeeds too late is given back. */
    Future<Claimed> claim(Sessions.Claim claim) {
        Future<Claimed> claimed = store.sessions().claim(claim);
        Future<Claimed> inTime = claimed.timeout(CLAIM_MILLIS, TimeUnit.MILLISECONDS);
        inTime.onFailure(late -> claimed.onSuccess(answer -> {
            if (answer instanceof Claimed.Owned owned) {
                giveBack(owned, claim.expirySeconds(), claim.clientId());
            }
        }));
        return inTime;
    }

    /** Gives back a session whose client has gone before its CONNACK: as it was, and without the will that was not accepted. */
    void giveBack(Claimed.Owned owned, long expirySeconds, String clientId) {
        if (owned.sessionId() != 0) {
            release(new Sessions.Release(
                    new Sessions.Checkpoint(
                            owned.sessionId(),
                            owned.epoch(),
                            owned.state().cursor().toArray(),
                            owned.state().inflight()),
                    expirySeconds,
                    owned.willId(),
                    new Sessions.WillAction.Drop()));
        } else if (owned.willId() != 0) {
            endWill(owned.willId(), new Sessions.WillAction.Drop());
        }
        LOG.info("client={} gone before it was accepted", clientId);
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
