package io.tuskmq.node.auth;

import io.tuskmq.storage.Access;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the authenticators of one node, which share its threads, and lets go of what they hold. */
public final class Authenticators implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Authenticators.class);
    private static final long KEYS_MILLIS = 5_000;

    private final Vertx vertx;
    private final Access access;
    private final Workers workers;
    private final List<HttpAsk> servers = new ArrayList<>();

    public Authenticators(Vertx vertx, Access access, Workers workers) {
        this.vertx = vertx;
        this.access = access;
        this.workers = workers;
    }

    /** User names and passwords of the database. */
    public Authenticator users(int cacheSeconds) {
        var cache = new PositiveCache(TimeUnit.SECONDS.toMillis(cacheSeconds));
        return new UserAuthenticator(access, workers, cache, System::currentTimeMillis);
    }

    /** What tokens must say. */
    public record Tokens(String issuer, String audience, String principalClaim, String aclClaim) {}

    /** @param keys a file or an http(s) URL */
    public Authenticator jwt(String keys, int refreshSeconds, Tokens tokens) {
        boolean remote = keys.startsWith("http://") || keys.startsWith("https://");
        Supplier<Future<String>> source =
                remote ? remoteKeys(keys) : () -> workers.run(() -> Files.readString(Path.of(keys)));
        return new JwtAuthenticator(
                new JwksKeys(source, TimeUnit.SECONDS.toMillis(refreshSeconds), System::currentTimeMillis),
                workers,
                new JwtAuthenticator.Options(
                        tokens.issuer(), tokens.audience(), tokens.principalClaim(), tokens.aclClaim()));
    }

    private Supplier<Future<String>> remoteKeys(String url) {
        HttpAsk server = new HttpAsk(vertx, url, KEYS_MILLIS);
        servers.add(server);
        return () -> server.get().map(Object::toString);
    }

    /** Names in certificates. */
    public Authenticator mtls(String principalFrom) {
        return new MtlsAuthenticator(principalFrom);
    }

    /** A server of the operator's. */
    public Authenticator http(String url, int timeoutMillis) {
        HttpAsk server = new HttpAsk(vertx, url, timeoutMillis);
        servers.add(server);
        return new HttpAuthenticator(server, System::currentTimeMillis);
    }

    @Override
    public void close() {
        workers.close();
        servers.forEach(server -> server.close()
                .onFailure(failure -> LOG.debug("a client of HTTP did not close: {}", failure.getMessage())));
    }
}
