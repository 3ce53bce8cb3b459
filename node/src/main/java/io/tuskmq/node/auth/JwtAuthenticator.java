package io.tuskmq.node.auth;

import io.tuskmq.node.rules.ReasonCodes;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.resolvers.JwksVerificationKeyResolver;
import org.jose4j.lang.UnresolvableKeyException;

/**
 * A signed token (RFC 7519) as the password. RS256, ES256 and EdDSA by keys of the operator's; never a shared secret, never {@code none}. The
 * connection ends with the token.
 */
final class JwtAuthenticator implements Authenticator {
    static final String NAME = "jwt";
    private static final Pattern FORM = Pattern.compile("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*");
    private static final int TOKEN_BYTES_MAX = 16_384;
    private static final int RULES_MAX = 1_000;
    /** Between the clock of whoever made the token and this one: for nbf and iat. */
    private static final int SKEW_SECONDS = 5;

    private final JwksKeys keys;
    private final Workers workers;
    private final Options options;

    /**
     * @param issuer empty = any
     * @param principalClaim its value is the principal
     * @param aclClaim its value, an array of lines, are the client's own rules
     */
    record Options(String issuer, String audience, String principalClaim, String aclClaim) {}

    JwtAuthenticator(JwksKeys keys, Workers workers, Options options) {
        this.keys = keys;
        this.workers = workers;
        this.options = options;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Future<Verdict> authenticate(Credentials credentials) {
        byte[] password = credentials.passwordOrNone();
        String token = new String(password, StandardCharsets.ISO_8859_1);
        if (password.length > TOKEN_BYTES_MAX || !FORM.matcher(token).matches()) {
            return Future.succeededFuture(new Verdict.NotMine());
        }
        return keys.current()
                .compose(known -> workers.run(() -> check(token, known)))
                .compose(first -> first instanceof Checked.UnknownKey
                        ? keys.again().compose(known -> workers.run(() -> check(token, known)))
                        : Future.succeededFuture(first))
                .map(checked -> switch (checked) {
                    case Checked.Said(Verdict verdict) -> verdict;
                    case Checked.UnknownKey unknown -> denied("a token with an unknown key");
                });
    }

    /** What came of looking at a token. */
    private sealed interface Checked {
        record Said(Verdict verdict) implements Checked {}

        record UnknownKey() implements Checked {}
    }

    private Checked check(String token, List<JsonWebKey> known) {
        JwtConsumerBuilder consumer = new JwtConsumerBuilder()
                .setRequireExpirationTime()
                .setAllowedClockSkewInSeconds(SKEW_SECONDS)
                .setExpectedAudience(options.audience())
                .setVerificationKeyResolver(new JwksVerificationKeyResolver(known))
                .setJwsAlgorithmConstraints(
                        ConstraintType.PERMIT,
                        AlgorithmIdentifiers.RSA_USING_SHA256,
                        AlgorithmIdentifiers.ECDSA_USING_P256_CURVE_AND_SHA256,
                        AlgorithmIdentifiers.EDDSA);
        if (!options.issuer().isEmpty()) {
            consumer.setExpectedIssuer(options.issuer());
        }
        JwtConsumer checks = consumer.build();
        try {
            return new Checked.Said(new Verdict.Allow(login(checks.processToClaims(token))));
        } catch (InvalidJwtException e) {
            return e.getCause() instanceof UnresolvableKeyException
                    ? new Checked.UnknownKey()
                    : new Checked.Said(denied(e.hasExpired() ? "an expired token" : "a token that is not valid here"));
        } catch (MalformedClaimException | IllegalArgumentException | ClassCastException e) {
            return new Checked.Said(denied("a token with claims that are not understood"));
        }
    }

    private Login login(JwtClaims claims) throws MalformedClaimException {
        if (!(claims.getClaimValue(options.principalClaim()) instanceof String principal)) {
            throw new IllegalArgumentException("no " + options.principalClaim());
        }
        List<AclRule> rules = new ArrayList<>();
        Object lines = claims.getClaimValue(options.aclClaim());
        if (lines != null) {
            List<?> all = (List<?>) lines;
            if (all.size() > RULES_MAX) {
                throw new IllegalArgumentException("more than " + RULES_MAX + " rules");
            }
            for (Object line : all) {
                rules.add(AclText.rule((String) line));
            }
        }
        long expiresAtMillis = claims.getExpirationTime().getValueInMillis();
        return new Login(principal, NAME, List.copyOf(rules), OptionalLong.of(expiresAtMillis), 0);
    }

    private static Verdict denied(String why) {
        return new Verdict.Deny(ReasonCodes.BAD_USER_NAME_OR_PASSWORD, why);
    }
}
