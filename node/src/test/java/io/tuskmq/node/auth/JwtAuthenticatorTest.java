package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vertx.core.Future;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.OctetKeyPairJsonWebKey;
import org.jose4j.jwk.OkpJwkGenerator;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.keys.HmacKey;
import org.jose4j.lang.JoseException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JwtAuthenticatorTest {
    private final Workers workers = new Workers(1, 10);
    private final AtomicLong now = new AtomicLong(1_000_000);
    private final AtomicInteger reads = new AtomicInteger();
    private final List<JsonWebKey> published = new ArrayList<>();
    private boolean away;
    private PublicJsonWebKey rsa;
    private PublicJsonWebKey ec;
    private PublicJsonWebKey ed;

    @BeforeEach
    void makeKeys() throws JoseException {
        rsa = named("r", RsaJwkGenerator.generateJwk(2048));
        ec = named("e", EcJwkGenerator.generateJwk(EllipticCurves.P256));
        ed = named("d", OkpJwkGenerator.generateJwk(OctetKeyPairJsonWebKey.SUBTYPE_ED25519));
        published.addAll(List.of(rsa, ec, ed));
    }

    @AfterEach
    void end() {
        workers.close();
    }

    private static PublicJsonWebKey named(String id, PublicJsonWebKey key) {
        key.setKeyId(id);
        return key;
    }

    private final JwksKeys keys = new JwksKeys(this::read, 300_000, now::get);
    private final JwtAuthenticator jwt =
            new JwtAuthenticator(keys, workers, new JwtAuthenticator.Options("me", "mqtt", "sub", "acl"));

    private Future<String> read() {
        reads.incrementAndGet();
        return away
                ? Future.failedFuture(new IOException("away"))
                : Future.succeededFuture(new JsonWebKeySet(published).toJson());
    }

    private static JwtClaims claims(Consumer<JwtClaims> change) {
        JwtClaims claims = new JwtClaims();
        claims.setSubject("alice");
        claims.setIssuer("me");
        claims.setAudience("mqtt");
        claims.setExpirationTimeMinutesInTheFuture(10);
        change.accept(claims);
        return claims;
    }

    private static String sign(PublicJsonWebKey key, String algorithm, JwtClaims claims) throws JoseException {
        JsonWebSignature jws = new JsonWebSignature();
        jws.setPayload(claims.toJson());
        jws.setAlgorithmHeaderValue(algorithm);
        jws.setKeyIdHeaderValue(key.getKeyId());
        jws.setKey(key.getPrivateKey());
        return jws.getCompactSerialization();
    }

    private Verdict ask(String token) throws Exception {
        return jwt.authenticate(Credentials.of("c", null, token.getBytes(StandardCharsets.UTF_8)))
                .toCompletionStage()
                .toCompletableFuture()
                .get(30, TimeUnit.SECONDS);
    }

    private void assertDenied(String token) throws Exception {
        assertEquals(0x86, assertInstanceOf(Verdict.Deny.class, ask(token)).reason());
    }

    private void assertDenied(Consumer<JwtClaims> change) throws Exception {
        assertDenied(sign(ec, "ES256", claims(change)));
    }

    @Test
    void tokensOfTheThreeKindsOfKeysLetIn() throws Exception {
        JwtClaims claims = claims(c -> {});
        for (String token : List.of(sign(rsa, "RS256", claims), sign(ec, "ES256", claims), sign(ed, "EdDSA", claims))) {
            Login login = assertInstanceOf(Verdict.Allow.class, ask(token)).login();
            assertEquals("alice", login.principal());
            assertEquals(OptionalLong.of(claims.getExpirationTime().getValueInMillis()), login.expiresAtMillis());
        }
        assertEquals(1, reads.get(), "keys are read once");
    }

    @Test
    void claimsThatAreNotRightHereLetNobodyIn() throws Exception {
        assertInstanceOf(
                Verdict.Allow.class, ask(sign(ec, "ES256", claims(c -> {}))), "the others differ in one thing");
        assertDenied(c -> c.setExpirationTimeMinutesInTheFuture(-1));
        assertDenied(c -> c.unsetClaim("exp"));
        assertDenied(c -> c.setNotBeforeMinutesInThePast(-1));
        assertDenied(c -> c.setIssuer("another"));
        assertDenied(c -> c.unsetClaim("iss"));
        assertDenied(c -> c.setAudience("http"));
        assertDenied(c -> c.unsetClaim("aud"));
        assertDenied(c -> c.unsetClaim("sub"));
        assertDenied(c -> c.setClaim("sub", 7));
        assertDenied(c -> c.setClaim("acl", "allow all #"));
        assertDenied(c -> c.setStringListClaim("acl", "allow everything"));
    }

    @Test
    void aTokenThatWasTamperedWithOrIsSignedOtherwiseLetsNobodyIn() throws Exception {
        String good = sign(ec, "ES256", claims(c -> {}));
        String other = sign(ec, "ES256", claims(c -> c.setSubject("mallory")));
        String[] parts = good.split("\\.", -1);
        assertDenied(parts[0] + "." + other.split("\\.", -1)[1] + "." + parts[2]);
        assertDenied(parts[0] + "." + parts[1] + ".");
        PublicJsonWebKey stranger = named("e", EcJwkGenerator.generateJwk(EllipticCurves.P256));
        assertDenied(sign(stranger, "ES256", claims(c -> {})));
        assertDenied(sign(rsa, "RS512", claims(c -> {})));
    }

    /** The public key as a shared secret, and no signature at all: the two classic ways around. */
    @Test
    void neitherASharedSecretNorNoSignatureCounts() throws Exception {
        JsonWebSignature hmac = new JsonWebSignature();
        hmac.setPayload(claims(c -> {}).toJson());
        hmac.setAlgorithmHeaderValue("HS256");
        hmac.setKeyIdHeaderValue("r");
        hmac.setKey(new HmacKey(rsa.getPublicKey().getEncoded()));
        assertDenied(hmac.getCompactSerialization());
        JsonWebSignature none = new JsonWebSignature();
        none.setAlgorithmConstraints(org.jose4j.jwa.AlgorithmConstraints.NO_CONSTRAINTS);
        none.setPayload(claims(c -> {}).toJson());
        none.setAlgorithmHeaderValue("none");
        assertDenied(none.getCompactSerialization());
    }

    @Test
    void rulesInATokenAreTheClientsOwn() throws Exception {
        String token =
                sign(ec, "ES256", claims(c -> c.setStringListClaim("acl", "allow publish a/%u/#", "deny all #")));
        assertEquals(
                AclText.parse("allow publish a/%u/#\ndeny all #"),
                assertInstanceOf(Verdict.Allow.class, ask(token)).login().rules());
    }

    @Test
    void whatIsNoTokenIsLeftToOthers() throws Exception {
        assertInstanceOf(Verdict.NotMine.class, ask("secret"));
        assertInstanceOf(Verdict.NotMine.class, ask(""));
        assertInstanceOf(Verdict.NotMine.class, ask("a.b"));
        assertInstanceOf(Verdict.NotMine.class, ask("a." + "b".repeat(20_000) + ".c"));
        assertEquals(0, reads.get());
        assertDenied("a.b.c");
    }

    @Test
    void anUnknownKeyLetsTheKeysBeReadAgainButNotByEachConnect() throws Exception {
        ask(sign(ec, "ES256", claims(c -> {})));
        PublicJsonWebKey fresh = named("fresh", EcJwkGenerator.generateJwk(EllipticCurves.P256));
        String token = sign(fresh, "ES256", claims(c -> {}));
        published.add(fresh);
        assertDenied(token);
        assertDenied(token);
        assertEquals(1, reads.get());
        now.addAndGet(JwksKeys.BETWEEN_MILLIS_MIN);
        assertInstanceOf(Verdict.Allow.class, ask(token));
        assertEquals(2, reads.get());
    }

    @Test
    void aWithdrawnKeyCountsUntilTheKeysAreReadAndWithoutThemNotForEver() throws Exception {
        String token = sign(
                ec,
                "ES256",
                claims(c -> c.setExpirationTime(
                        NumericDate.fromMilliseconds(System.currentTimeMillis() + TimeUnit.DAYS.toMillis(1)))));
        ask(token);
        away = true;
        now.addAndGet(400_000);
        assertInstanceOf(Verdict.Allow.class, ask(token), "the last keys count while they can't be read");
        now.addAndGet(TimeUnit.HOURS.toMillis(2));
        assertThrows(ExecutionException.class, () -> ask(token));
        away = false;
        published.remove(ec);
        now.addAndGet(400_000);
        assertDenied(token);
    }

    @Test
    void withoutKeysNobodyIsLetIn() throws Exception {
        away = true;
        assertThrows(ExecutionException.class, () -> ask(sign(ec, "ES256", claims(c -> {}))));
    }
}
