package io.tuskmq.node.auth;

import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.storage.Access;
import io.vertx.core.Future;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * User names and passwords of the database. An unknown user costs what a wrong password costs, so that the time doesn't tell who exists; what
 * it is not is left to the next in the chain.
 */
final class UserAuthenticator implements Authenticator {
    static final String NAME = "users";

    private final Access access;
    private final Workers workers;
    private final PositiveCache cache;
    private final LongSupplier nowMillis;
    private final String nobody = PasswordHash.ofNobody();

    UserAuthenticator(Access access, Workers workers, PositiveCache cache, LongSupplier nowMillis) {
        this.access = access;
        this.workers = workers;
        this.cache = cache;
        this.nowMillis = nowMillis;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Future<Verdict> authenticate(Credentials credentials) {
        String name = credentials.userName();
        if (name == null) {
            return Future.succeededFuture(new Verdict.NotMine());
        }
        return access.user(name).compose(found -> check(found, credentials.passwordOrNone()));
    }

    private Future<Verdict> check(Optional<Access.User> found, byte[] password) {
        if (found.isEmpty()) {
            return workers.run(() -> PasswordHash.matches(nobody, password)).map(never -> new Verdict.NotMine());
        }
        Access.User user = found.get();
        ByteBuffer entry = cache.entry(user.name(), user.passwordHash(), password);
        if (cache.has(entry, nowMillis.getAsLong())) {
            return Future.succeededFuture(allow(user));
        }
        return workers.run(() -> PasswordHash.matches(user.passwordHash(), password))
                .map(right -> {
                    if (!right) {
                        return new Verdict.Deny(
                                ReasonCodes.BAD_USER_NAME_OR_PASSWORD, "unknown user, or wrong password");
                    }
                    cache.put(entry, nowMillis.getAsLong());
                    return allow(user);
                });
    }

    private static Verdict allow(Access.User user) {
        return new Verdict.Allow(new Login(user.name(), NAME, List.of(), OptionalLong.empty(), user.stamp()));
    }
}
