package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.tls.ClientTrust;
import io.tuskmq.node.tls.Credential;
import io.tuskmq.node.tls.ShownCertificates;
import io.tuskmq.node.tls.TlsException;
import io.tuskmq.node.tls.TlsFiles;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which connected clients' certificates would not be taken any more, and which files say enough about revocation. */
class ShownCertificatesTest {
    private static final Vertx VERTX = Vertx.vertx();
    private static final int MANY = 20;

    @TempDir
    private static Path dir;

    private static TestAuthority authority;
    private static Path key;
    private static Path certificate;

    private final ShownCertificates<String> shown = new ShownCertificates<>();
    private final Instant now = Instant.now();

    @BeforeAll
    static void makeCertificates() throws Exception {
        authority = new TestAuthority(dir);
        authority.sign("first");
        authority.sign("second");
        authority.intermediate("between");
        authority.signBy("between", "behind");
        certificate = Files.writeString(dir.resolve("cert.pem"), authority.certificatePem("first"));
        key = Files.writeString(dir.resolve("key.pem"), authority.keyPem("first"));
    }

    @AfterAll
    static void close() {
        VERTX.close().await();
    }

    private static ClientTrust trust(Path ca, @Nullable Path lists) throws TlsException {
        return Objects.requireNonNull(Credential.of(VERTX, new TlsFiles(certificate, key, ca, lists).read())
                .trust());
    }

    private static Path both(String file, Path one, Path other) throws Exception {
        return Files.writeString(dir.resolve(file), Files.readString(one) + Files.readString(other));
    }

    private Map<String, String> look(ClientTrust trust, Instant at) {
        Map<String, String> over = new LinkedHashMap<>();
        shown.look(trust, at, over::put);
        return over;
    }

    @Test
    void aNewListEndsWhomItNames() throws Exception {
        shown.add("first", authority.chain("first"));
        shown.add("second", authority.chain("second"));
        Path ca = authority.authorityFile();
        assertEquals(Map.of(), look(trust(ca, authority.revoke("nobody.pem", 1)), now));
        Map<String, String> over = look(trust(ca, authority.revoke("second.pem", 1, "second")), now);
        assertEquals(Map.of("second", "the certificate is revoked: CN=second"), over);
    }

    /** It was in a handshake by the old list while the new one came. */
    @Test
    void whoComesWhileTheListIsReadIsLookedAtToo() throws Exception {
        ClientTrust trust = trust(authority.authorityFile(), authority.revoke("late.pem", 1, "second"));
        assertEquals(Map.of(), look(trust, now));
        shown.add("second", authority.chain("second"));
        assertEquals(Set.of("second"), look(trust, now).keySet());
    }

    @Test
    void aCertificateThatEndsIsOver() throws Exception {
        ClientTrust trust = trust(authority.authorityFile(), null);
        shown.add("first", authority.chain("first"));
        Instant end = authority.certificate("first").getNotAfter().toInstant();
        assertEquals(Map.of(), look(trust, now));
        assertEquals(Map.of(), look(trust, end.minusMillis(1)));
        assertEquals(Map.of("first", "the certificate has ended: CN=first"), look(trust, end));
    }

    /** A list that was not renewed in time refuses who comes, and must not end all who are there. */
    @Test
    void anExpiredListEndsNobodyItDoesNotName() throws Exception {
        shown.add("first", authority.chain("first"));
        shown.add("second", authority.chain("second"));
        ClientTrust trust = trust(authority.authorityFile(), authority.revoke("expired.pem", -1, "second"));
        assertEquals(Set.of("second"), look(trust, now).keySet());
    }

    @Test
    void aCaThatIsTakenOutEndsItsClients() throws Exception {
        shown.add("first", authority.chain("first"));
        shown.add("behind", authority.chain("behind"));
        Path between = Files.writeString(dir.resolve("between.pem"), pemOf("between"));
        assertEquals(
                Map.of("first", "the certificate's CA is not trusted any more: CN=ca"),
                look(trust(between, null), now));
    }

    @Test
    void aRevokedCaEndsThoseBehindIt() throws Exception {
        shown.add("first", authority.chain("first"));
        shown.add("behind", authority.chain("behind"));
        Path lists = both(
                "lists.pem",
                authority.revoke("of-ca.pem", 1, "between"),
                authority.revokeBy("between", "of-it.pem", 1));
        assertEquals(
                Map.of("behind", "the certificate is revoked: CN=between"),
                look(trust(authority.authorityFile(), lists), now));
    }

    /** The list of the issuing CA alone would have every client refused. */
    @Test
    void aCaWithoutAListIsAnError() throws Exception {
        Path ofIssuer = authority.revokeBy("between", "issuer.pem", 1);
        TlsException fault = assertThrows(TlsException.class, () -> trust(authority.authorityFile(), ofIssuer));
        String message = String.valueOf(fault.getMessage());
        assertTrue(message.startsWith("there is no revocation list of the CA CN=ca"), message);
    }

    /** Java's check ends at the issuing CA when that is trusted itself. */
    @Test
    void theRootOfATrustedIssuingCaNeedsNoList() throws Exception {
        Path bundle = Files.writeString(dir.resolve("bundle.pem"), authority.certificatePem("between"));
        Path ofIssuer = authority.revokeBy("between", "of-issuer.pem", 1);
        ClientTrust trust = trust(bundle, ofIssuer);
        trust.checkClientTrusted(authority.chain("behind").toArray(X509Certificate[]::new), "EC");
        X509Certificate[] ofRoot = authority.chain("first").toArray(X509Certificate[]::new);
        assertThrows(CertificateException.class, () -> trust.checkClientTrusted(ofRoot, "EC"));
        shown.add("behind", authority.chain("behind"));
        assertEquals(Map.of(), look(trust, now));
    }

    @Test
    void anIssuingCaNeedsAListBesideItsRootToo() throws Exception {
        Path bundle = Files.writeString(dir.resolve("both.pem"), authority.certificatePem("between"));
        Path ofRoot = authority.revoke("of-root.pem", 1);
        TlsException fault = assertThrows(TlsException.class, () -> trust(bundle, ofRoot));
        String message = String.valueOf(fault.getMessage());
        assertTrue(message.startsWith("there is no revocation list of the CA CN=between"), message);
    }

    /** However many signatures are to be checked because the CAs are new as well. */
    @Test
    void whoIsOnTheListGoesBeforeTheSignaturesOfOthersAreChecked() throws Exception {
        for (int i = 0; i < MANY; i++) {
            shown.add("stays-not-" + i, authority.chain("first"));
            shown.add("stolen-" + i, authority.chain("behind"));
        }
        Path ca = Files.writeString(dir.resolve("issuer-only.pem"), pemOf("between"));
        List<String> order = List.copyOf(look(trust(ca, authority.revokeBy("between", "stolen.pem", 1, "behind")), now)
                .keySet());
        assertEquals(2 * MANY, order.size());
        assertTrue(order.subList(0, MANY).stream().allMatch(name -> name.startsWith("stolen-")), order::toString);
    }

    /** Seen by a chain that leads nowhere any more. */
    @Test
    void signaturesAreCheckedAgainOnlyForOtherCas() throws Exception {
        List<X509Certificate> chain = new ArrayList<>(authority.chain("behind"));
        shown.add("behind", chain);
        Path ca = authority.authorityFile();
        assertEquals(Map.of(), look(trust(ca, authority.revoke("before.pem", 1)), now));
        chain.remove(1);
        assertEquals(Map.of(), look(trust(ca, authority.revoke("after.pem", 1)), now));
        Path bundle = Files.writeString(dir.resolve("more.pem"), pemOf("ca") + pemOf("first"));
        assertEquals(Set.of("behind"), look(trust(bundle, null), now).keySet());
    }

    /** The path is kept, and what lists say of it is not. */
    @Test
    void aCaThatIsRevokedLaterEndsThoseBehindIt() throws Exception {
        shown.add("behind", authority.chain("behind"));
        Path ca = authority.authorityFile();
        assertEquals(Map.of(), look(trust(ca, authority.revoke("not-yet.pem", 1)), now));
        assertEquals(
                Map.of("behind", "the certificate is revoked: CN=between"),
                look(trust(ca, authority.revoke("now.pem", 1, "between")), now));
    }

    @Test
    void aCertificateThatCantBeLookedAtEndsAndKeepsNobodyElse() throws Exception {
        for (int i = 0; i < MANY; i++) {
            shown.add("first-" + i, authority.chain("first"));
            shown.add("second-" + i, authority.chain("second"));
        }
        shown.add("broken", new AbstractList<>() {
            @Override
            public X509Certificate get(int index) {
                throw new IllegalStateException("broken");
            }

            @Override
            public int size() {
                return 1;
            }
        });
        ClientTrust trust = trust(authority.authorityFile(), authority.revoke("with-broken.pem", 1, "second"));
        Map<String, String> over = new HashMap<>();
        shown.look(trust, now, (client, why) -> {
            over.put(client, why);
            throw new IllegalStateException("its connection is broken too");
        });
        assertEquals("the certificate can't be checked", over.remove("broken"));
        assertEquals(MANY, over.size());
        assertTrue(over.keySet().stream().allMatch(name -> name.startsWith("second-")), over::toString);
        assertEquals(Map.of(), look(trust, now));
    }

    private static String pemOf(String name) throws Exception {
        return authority.certificatePem(name).split("(?<=-----END CERTIFICATE-----\n)", -1)[0];
    }
}
