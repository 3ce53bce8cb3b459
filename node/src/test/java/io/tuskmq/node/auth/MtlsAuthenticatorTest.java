package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MtlsAuthenticatorTest {
    private static final String SECRET = "changeit";

    @TempDir
    Path dir;

    /** Self-signed, by the JDK's keytool; whom it was signed by is TLS' business. */
    private X509Certificate certificate(String name, String alternatives) throws Exception {
        Path file = dir.resolve("c" + System.nanoTime());
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "c",
                        "-keyalg",
                        "EC",
                        "-dname",
                        name,
                        "-ext",
                        "san=" + alternatives,
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        SECRET)
                .redirectErrorStream(true)
                .start();
        keytool.getInputStream().transferTo(OutputStream.nullOutputStream());
        assertEquals(true, keytool.waitFor(60, TimeUnit.SECONDS) && keytool.exitValue() == 0);
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, SECRET.toCharArray());
        }
        return (X509Certificate) store.getCertificate("c");
    }

    private static Verdict ask(String principalFrom, X509Certificate certificate) {
        return new MtlsAuthenticator(principalFrom)
                .authenticate(new Credentials("c", null, null, Optional.of(certificate), Address.UNKNOWN, 5))
                .result();
    }

    private static void assertPrincipal(String principal, String from, X509Certificate certificate) {
        assertEquals(
                principal,
                assertInstanceOf(Verdict.Allow.class, ask(from, certificate), from)
                        .login()
                        .principal());
    }

    @Test
    void aNameOfTheCertificateIsThePrincipal() throws Exception {
        X509Certificate shown =
                certificate("CN=sensor-7, O=Acme", "dns:s7.example,uri:urn:acme:s7,email:s7@example.org,ip:10.0.0.1");
        assertPrincipal("sensor-7", "cn", shown);
        assertPrincipal("CN=sensor-7,O=Acme", "dn", shown);
        assertPrincipal("s7.example", "san-dns", shown);
        assertPrincipal("urn:acme:s7", "san-uri", shown);
        assertPrincipal("s7@example.org", "san-email", shown);
    }

    /** Which one was meant nobody can say; neither of them is let in. */
    @Test
    void twoNamesOrNoneAreNobodys() throws Exception {
        X509Certificate two = certificate("CN=a, CN=b", "dns:a.example,dns:b.example");
        for (String from : new String[] {"cn", "san-dns", "san-uri", "san-email"}) {
            assertEquals(
                    0x87,
                    assertInstanceOf(Verdict.Deny.class, ask(from, two), from).reason());
        }
        assertInstanceOf(Verdict.Deny.class, ask("cn", certificate("O=CN\\=admin", "dns:x")));
    }

    @Test
    void aClientWithoutACertificateIsLeftToOthers() {
        assertInstanceOf(
                Verdict.NotMine.class,
                new MtlsAuthenticator("cn")
                        .authenticate(Credentials.of("c", "alice", null))
                        .result());
    }
}
