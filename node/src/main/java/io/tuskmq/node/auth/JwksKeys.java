package io.tuskmq.node.auth;

import io.vertx.core.Future;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.lang.JoseException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public keys that tokens are signed with, read again now and then, and when a token has a key that isn't among them. While they can't be read
 * the last ones count, but not for ever: a key that was withdrawn must not.
 */
final class JwksKeys {
    private static final Logger LOG = LoggerFactory.getLogger(JwksKeys.class);
    /** A client that makes up key ids must not make us ask at each CONNECT. */
    static final long BETWEEN_MILLIS_MIN = 5_000;

    private static final long STALE_MILLIS = 3_600_000;

    private final Supplier<Future<String>> source;
    private final long refreshMillis;
    private final LongSupplier nowMillis;

    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable Loaded loaded;
    private @Nullable Future<List<JsonWebKey>> loading;
    private long askedAtMillis = Long.MIN_VALUE / 2;

    /** @param atMillis when they were read */
    private record Loaded(List<JsonWebKey> keys, long atMillis) {}

    /** @param source the text of the JWKS */
    JwksKeys(Supplier<Future<String>> source, long refreshMillis, LongSupplier nowMillis) {
        this.source = source;
        this.refreshMillis = refreshMillis;
        this.nowMillis = nowMillis;
    }

    /** Those that count now. Fails when there are none that are fresh enough. */
    Future<List<JsonWebKey>> current() {
        Loaded known = loaded;
        long now = nowMillis.getAsLong();
        if (known == null) {
            return load();
        }
        if (now - known.atMillis() < refreshMillis) {
            return Future.succeededFuture(known.keys());
        }
        Future<List<JsonWebKey>> fresh = load();
        boolean stale = now - known.atMillis() > Math.max(STALE_MILLIS, 2 * refreshMillis);
        return stale ? fresh : fresh.isComplete() && fresh.succeeded() ? fresh : Future.succeededFuture(known.keys());
    }

    /** After a token with an unknown key. Fails, or brings what is known, when they were asked for just now. */
    Future<List<JsonWebKey>> again() {
        return load();
    }

    private Future<List<JsonWebKey>> load() {
        lock.lock();
        try {
            Future<List<JsonWebKey>> underWay = loading;
            if (underWay != null && !underWay.isComplete()) {
                return underWay;
            }
            long now = nowMillis.getAsLong();
            Loaded known = loaded;
            if (now - askedAtMillis < BETWEEN_MILLIS_MIN) {
                return known != null
                        ? Future.succeededFuture(known.keys())
                        : Future.failedFuture(new IOException("the keys could not be read a moment ago"));
            }
            askedAtMillis = now;
            Future<List<JsonWebKey>> asked = source.get().compose(text -> {
                try {
                    List<JsonWebKey> keys = List.copyOf(new JsonWebKeySet(text).getJsonWebKeys());
                    loaded = new Loaded(keys, now);
                    return Future.succeededFuture(keys);
                } catch (JoseException e) {
                    return Future.failedFuture(e);
                }
            });
            loading = asked;
            return asked.onFailure(failure -> LOG.warn("the keys of tokens can't be read: {}", failure.toString()));
        } finally {
            lock.unlock();
        }
    }
}
