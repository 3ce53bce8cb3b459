package io.tuskmq.cluster.links;

import static io.tuskmq.cluster.links.LinksFixture.SECRET;
import static io.tuskmq.cluster.links.LinksFixture.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.tuskmq.cluster.links.LinksFixture.Node;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Links with TLS: both ends must have a certificate of the cluster's CA, and the secret. */
@Timeout(60)
class TcpLinksTlsTest {
    /** Long enough for any machine, so that a refusal has another cause than the time. */
    private static final TcpLinks.Timing TIMING = new TcpLinks.Timing(10_000, 10_000, 100, 20_000);

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private static Path dir;

    @SuppressWarnings("NullAway.Init") // made before all tests
    private static TcpLinks.Tls cluster;

    @SuppressWarnings("NullAway.Init") // made before all tests
    private static TcpLinks.Tls stranger;

    @SuppressWarnings("NullAway.Init") // set before each test
    private TcpFixture fixture;

    @SuppressWarnings("NullAway.Init") // set before each test
    private Node b;

    private static TcpLinks.Options options(TcpLinks.@Nullable Tls tls) {
        return new TcpLinks.Options("127.0.0.1", 0, tls, TIMING, TcpLinks.Limits.DEFAULT);
    }

    @BeforeAll
    static void makeCertificates() throws Exception {
        cluster = TestCertificates.make(dir, "cluster");
        stranger = TestCertificates.make(dir, "stranger");
    }

    @BeforeEach
    void startOne() {
        fixture = new TcpFixture(options(cluster));
        b = fixture.start(2, "b");
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    private Node node(TcpLinks.@Nullable Tls tls) {
        return fixture.start(new TcpLinks(fixture.vertx, options(tls)), 1, "a", SECRET);
    }

    private void assertNoLinkFrom(Node a) throws InterruptedException {
        a.links().wanted(List.of(b.peer()));
        a.handler().expectNothing("b", 1_500);
        b.handler().expectNothing("a", 1);
        // And the node still serves those who belong to it.
        Node c = fixture.start(3, "c");
        c.links().wanted(List.of(b.peer()));
        c.handler().expect("b", "up");
    }

    @Test
    void nodesOfOneClusterAreLinked() throws InterruptedException {
        Node a = fixture.start(1, "a");
        a.links().wanted(List.of(b.peer()));
        a.handler().expect("b", "up");
        b.handler().expect("a", "heard");
        Buffer large = Buffer.buffer(new byte[3 << 20]);
        b.handler().onAsked = io.vertx.core.Future::succeededFuture;
        assertEquals(large, get(a.links().ask(b.incarnation(), Links.NODE, large, 20_000)));
        get(b.links().close());
        a.handler().expect("b", "down", "refused");
    }

    /** Closing a TLS connection in good order waits for the other end: that must not happen. */
    @Test
    void aHalfOpenConnectionIsFoundWithTlsToo() throws InterruptedException {
        Node a = fixture.start(1, "a");
        TcpLinks.Timing impatient = new TcpLinks.Timing(10_000, 10_000, 100, 800);
        Node c = fixture.start(
                new TcpLinks(
                        fixture.vertx,
                        new TcpLinks.Options("127.0.0.1", 0, cluster, impatient, TcpLinks.Limits.DEFAULT)),
                3,
                "c",
                SECRET);
        Peer through = fixture.disturbable(c, a);
        c.links().wanted(List.of(through));
        c.handler().expect("a", "up");
        fixture.proxy(c, a).stallBothWays();
        while (c.links().tell(a.incarnation(), Links.NODE, Buffer.buffer(new byte[64 << 10]))) {
            assertEquals(1, a.incarnation());
        }
        c.handler().expect("a", "down");
    }

    private static Buffer bytes(String file) throws IOException {
        return Buffer.buffer(Files.readAllBytes(Path.of(file)));
    }

    private static void renew(Node node, TcpLinks.Tls files) throws IOException {
        get(node.links().renewTls(bytes(files.certPath()), bytes(files.keyPath()), bytes(files.caPath())));
    }

    /** The stranger's files stand for those of a new CA: who has only the old ones is a stranger now. */
    @Test
    void aRenewedCertificateIsUsedByNewLinksAndThoseThatStandStay() throws Exception {
        Node a = fixture.start(1, "a");
        a.links().wanted(List.of(b.peer()));
        a.handler().expect("b", "up");
        b.handler().expect("a", "heard");
        renew(a, stranger);
        renew(b, stranger);
        Node c = fixture.start(new TcpLinks(fixture.vertx, options(stranger)), 3, "c", SECRET);
        c.links().wanted(List.of(b.peer()));
        c.handler().expect("b", "up");
        b.handler().expect("c", "heard");
        a.links().wanted(List.of(b.peer(), c.peer()));
        a.handler().expect("c", "up");
        Node old = fixture.start(4, "old");
        old.links().wanted(List.of(b.peer()));
        old.handler().expectNothing("b", 1_500);
        b.handler().onAsked = io.vertx.core.Future::succeededFuture;
        Buffer ping = Buffer.buffer("still the same link");
        assertEquals(ping, get(a.links().ask(b.incarnation(), Links.NODE, ping, 20_000)));
        a.handler().expectNothing("b", 1);
    }

    @Test
    void aNodeWithoutTlsIsRefused() throws InterruptedException {
        assertNoLinkFrom(node(null));
    }

    @Test
    void aNodeWithACertificateOfAnotherCaIsRefused() throws InterruptedException {
        assertNoLinkFrom(node(stranger));
    }

    /** It trusts the cluster's CA, but its own certificate is not of it. */
    @Test
    void aNodeWhoseOwnCertificateIsNotOfTheCaIsRefused() throws InterruptedException {
        assertNoLinkFrom(node(new TcpLinks.Tls(stranger.certPath(), stranger.keyPath(), cluster.caPath())));
    }

    /** It would be let in, but does not trust the one who listens. */
    @Test
    void aNodeThatListensWithACertificateOfAnotherCaIsNotBelieved() throws InterruptedException {
        assertNoLinkFrom(node(new TcpLinks.Tls(cluster.certPath(), cluster.keyPath(), stranger.caPath())));
    }

    @Test
    void aClientWithoutACertificateIsRefused() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustsAll()}, new SecureRandom());
        try (SSLSocket socket = (SSLSocket)
                context.getSocketFactory().createSocket("127.0.0.1", b.peer().port())) {
            socket.setSoTimeout(20_000);
            assertThrows(SSLException.class, () -> {
                socket.startHandshake();
                // With TLS 1.3 the client learns of it when it reads.
                assertEquals(-1, socket.getInputStream().read());
            });
        }
    }

    /** The client of the test does not look at the server's certificate. */
    private static final class TrustsAll implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
