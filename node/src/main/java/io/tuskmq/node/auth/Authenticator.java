package io.tuskmq.node.auth;

import io.vertx.core.Future;

/** One way to find out who a client is. */
public interface Authenticator {
    /** As it is written in {@code auth.chain}. */
    String name();

    /** A failure means that it can't say now: the client is refused, never let in. Must not block. */
    Future<Verdict> authenticate(Credentials credentials);
}
