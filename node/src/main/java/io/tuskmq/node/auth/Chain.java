package io.tuskmq.node.auth;

import io.tuskmq.node.rules.ReasonCodes;
import io.vertx.core.Future;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The authenticators in their order: the first one whose business a client is decides. */
public final class Chain {
    private static final Logger LOG = LoggerFactory.getLogger(Chain.class);

    private final List<Authenticator> authenticators;
    private final boolean anonymous;

    /**
     * @param anonymous whether clients that claim nothing come in; without any authenticator those that claim something too, and
     *     nobody is asked for a proof
     */
    public Chain(List<Authenticator> authenticators, boolean anonymous) {
        this.authenticators = List.copyOf(authenticators);
        this.anonymous = anonymous;
    }

    /** Never fails. */
    public Future<Verdict> decide(Credentials credentials) {
        if (authenticators.isEmpty() && anonymous) {
            String name = credentials.userName();
            return allowed(name != null && Login.isPrincipal(name) ? Login.of(name, Login.ANONYMOUS) : Login.NOBODY);
        }
        return ask(0, credentials);
    }

    private Future<Verdict> ask(int index, Credentials credentials) {
        if (index == authenticators.size()) {
            return end(credentials);
        }
        Authenticator authenticator = authenticators.get(index);
        return said(authenticator, credentials).compose(verdict -> switch (verdict) {
            case Verdict.Allow allow -> Future.succeededFuture(checked(allow));
            case Verdict.Deny deny -> Future.succeededFuture(deny);
            case Verdict.NotMine next -> ask(index + 1, credentials);
        });
    }

    private static Future<Verdict> said(Authenticator authenticator, Credentials credentials) {
        return Future.succeededFuture()
                .compose(nothing -> authenticator.authenticate(credentials))
                .recover(failure -> {
                    if (failure instanceof RejectedExecutionException) {
                        return denied(ReasonCodes.SERVER_BUSY, "too many clients wait for " + authenticator.name());
                    }
                    LOG.warn(
                            "authenticator={} can't say who a client is: {}", authenticator.name(), failure.toString());
                    return denied(ReasonCodes.SERVER_UNAVAILABLE, authenticator.name() + " can't be asked");
                });
    }

    /** A principal that stands for nobody or for the broker itself is nobody's, whoever says so. */
    private static Verdict checked(Verdict.Allow allow) {
        return Login.isPrincipal(allow.login().principal())
                ? allow
                : new Verdict.Deny(
                        ReasonCodes.NOT_AUTHORIZED, allow.login().by() + " gives a name that nobody may have");
    }

    private Future<Verdict> end(Credentials credentials) {
        if (credentials.claimsAnything()) {
            return denied(ReasonCodes.BAD_USER_NAME_OR_PASSWORD, "unknown user, or wrong password");
        }
        return anonymous ? allowed(Login.NOBODY) : denied(ReasonCodes.NOT_AUTHORIZED, "no credentials");
    }

    private static Future<Verdict> allowed(Login login) {
        return Future.succeededFuture(new Verdict.Allow(login));
    }

    private static Future<Verdict> denied(int reason, String why) {
        return Future.succeededFuture(new Verdict.Deny(reason, why));
    }
}
