package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.tls.CertificateWatch;
import io.tuskmq.node.tls.TlsFiles;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** TLS of the ports for clients: renewed files, revocation lists, versions. */
class TlsTest extends ListenerTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private static Path shared;

    @SuppressWarnings("NullAway.Init") // made before all tests
    private static TestAuthority authority;

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path dir;

    private final Metrics metrics = new Metrics();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private @Nullable CertificateWatch watch;
    private int version;

    @BeforeAll
    static void makeCertificates() throws Exception {
        authority = new TestAuthority(shared);
        for (String name : List.of("first", "second", "device", "revoked")) {
            authority.sign(name);
        }
    }

    @BeforeEach
    void listenToTheLog() {
        log.start();
        ((Logger) LoggerFactory.getLogger(CertificateWatch.class)).addAppender(log);
    }

    @AfterEach
    void listenNoLonger() {
        ((Logger) LoggerFactory.getLogger(CertificateWatch.class)).detachAppender(log);
    }

    /** As Kubernetes renews a secret: new files in a new directory, and one link that is pointed to it at once. */
    private void mount(String certificate, String key) throws IOException {
        Path next = Files.createDirectory(dir.resolve("..v" + ++version));
        Files.writeString(next.resolve("tls.crt"), certificate);
        Files.writeString(next.resolve("tls.key"), key);
        Path link = Files.createSymbolicLink(dir.resolve("..tmp"), next.getFileName());
        Files.move(link, dir.resolve("..data"), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        for (String name : List.of("tls.crt", "tls.key")) {
            if (!Files.exists(dir.resolve(name), java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
                Files.createSymbolicLink(dir.resolve(name), Path.of("..data", name));
            }
        }
    }

    private void mount(String name) throws IOException, GeneralSecurityException {
        mount(authority.certificatePem(name), authority.keyPem(name));
    }

    private MqttListener listen(@Nullable Path ca, @Nullable Path crl) {
        TlsFiles files = new TlsFiles(dir.resolve("tls.crt"), dir.resolve("tls.key"), ca, crl);
        var ports = new MqttOptions.Ports(MqttOptions.OFF, MqttOptions.OFF, 0, MqttOptions.OFF);
        var tls = new MqttOptions.Tls(files, true);
        var options = new MqttOptions("127.0.0.1", ports, tls, 1, MqttOptions.Limits.DEFAULT, List.of());
        MqttListener listener = new MqttListener(vertx(), options, handler);
        watch = listener.watchCertificates(metrics).orElseThrow();
        return listening(listener);
    }

    private void look() {
        Objects.requireNonNull(watch)
                .look()
                .toCompletionStage()
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    private static SSLSocket open(SSLContext context, int port) throws IOException {
        Socket socket = context.getSocketFactory().createSocket("localhost", port);
        return (SSLSocket) socket;
    }

    private static RawClient connected(SSLSocket socket) throws IOException {
        RawClient client = new RawClient(socket);
        client.send(Packets.connect("c"));
        assertEquals("20 00 00", client.read().hex());
        return client;
    }

    private static String shown(int port) throws IOException, GeneralSecurityException {
        try (SSLSocket socket = open(authority.client("device"), port)) {
            socket.startHandshake();
            return socket.getSession().getPeerPrincipal().getName();
        }
    }

    private void assertMetric(String line) {
        assertTrue(metrics.text().contains(line + "\n"), () -> line + " in\n" + metrics.text());
    }

    private void assertEnd(long seconds) {
        // 1.796022908E9, as Prometheus takes it
        assertMetric("tuskmq_tls_certificate_end_seconds{use=\"mqtt\"} " + (double) seconds);
    }

    private long errors() {
        return log.list.stream()
                .filter(event -> event.getLevel() == Level.ERROR)
                .count();
    }

    @Test
    @DisplayName("a renewed certificate is shown to new connections, and those that stand stay")
    void takesRenewedFiles() throws Exception {
        mount("first");
        int port = listen(null, null).tlsPort();
        look();
        assertMetric("tuskmq_tls_reloads_total{use=\"mqtt\"} 0");
        assertEnd(end("first"));
        RawClient before = connected(open(authority.client("device"), port));
        assertEquals("CN=first", shown(port));
        mount("second");
        look();
        assertEquals("CN=second", shown(port));
        assertMetric("tuskmq_tls_reloads_total{use=\"mqtt\"} 1");
        assertEnd(end("second"));
        before.ping();
        before.close();
        assertEquals(0, errors());
    }

    /** Of the whole chain: the CA's may be first. */
    private static long end(String name) throws IOException, GeneralSecurityException {
        return Math.min(endOf(name), endOf("ca"));
    }

    private static long endOf(String name) throws IOException, GeneralSecurityException {
        return authority.certificate(name).getNotAfter().toInstant().getEpochSecond();
    }

    @Test
    @DisplayName(
            "files that can't be used leave the old ones in use, with an error in the log and a count; once for each")
    void keepsTheOldFiles() throws Exception {
        mount("first");
        int port = listen(null, null).tlsPort();
        mount(authority.certificatePem("second"), authority.keyPem("first"));
        look();
        look();
        mount("no certificate", authority.keyPem("second"));
        look();
        Files.delete(dir.resolve("..data"));
        look();
        look();
        assertEquals("CN=first", shown(port));
        assertMetric("tuskmq_tls_reload_failures_total{use=\"mqtt\"} 3");
        assertMetric("tuskmq_tls_reloads_total{use=\"mqtt\"} 0");
        assertEquals(3, errors());
        mount("second");
        look();
        assertEquals("CN=second", shown(port));
    }

    @Test
    @DisplayName("the second half of a pair may come later")
    void takesAPairInTwoSteps() throws Exception {
        mount("first");
        int port = listen(null, null).tlsPort();
        Files.writeString(dir.resolve("tls.crt"), authority.certificatePem("second"));
        look();
        assertEquals("CN=first", shown(port));
        Files.writeString(dir.resolve("tls.key"), authority.keyPem("second"));
        look();
        assertEquals("CN=second", shown(port));
    }

    private static void assertRefused(String name, int port) throws Exception {
        try (RawClient client = new RawClient(open(authority.client(name), port))) {
            client.sendToTheEnd(Packets.connect("c"));
            assertThrows(IOException.class, client::read);
        }
    }

    @Test
    @DisplayName(
            "a revoked certificate is refused; the list is read again; an expired one refuses all, which the log says")
    void readsRevocationLists() throws Exception {
        mount("first");
        Path list = dir.resolve("list.pem");
        Files.copy(authority.revoke("none.pem", 1), list);
        int port = listen(authority.authorityFile(), list).tlsPort();
        RawClient stays = connected(open(authority.client("revoked"), port));
        Files.copy(authority.revoke("one.pem", 1, "revoked"), list, StandardCopyOption.REPLACE_EXISTING);
        look();
        assertRefused("revoked", port);
        connected(open(authority.client("device"), port)).close();
        assertEquals(0, errors());
        Files.copy(authority.revoke("old.pem", -1), list, StandardCopyOption.REPLACE_EXISTING);
        look();
        assertRefused("device", port);
        assertEquals(1, errors());
        assertTrue(
                log.list.stream().anyMatch(event -> event.getFormattedMessage().contains("has expired")));
        Files.copy(authority.revoke("new.pem", 1), list, StandardCopyOption.REPLACE_EXISTING);
        look();
        connected(open(authority.client("device"), port)).close();
        stays.ping();
        stays.close();
    }

    @Test
    @DisplayName(
            "a renewed certificate is taken though the lists beside it can't be used: then the old lists stay, which counts as a failure")
    void takesTheKeyWithoutTheLists() throws Exception {
        mount("first");
        Path list = dir.resolve("list.pem");
        Files.copy(authority.revoke("keeps.pem", 1, "revoked"), list);
        int port = listen(authority.authorityFile(), list).tlsPort();
        Files.writeString(list, "no list");
        look();
        assertEquals("CN=first", shown(port));
        assertMetric("tuskmq_tls_reload_failures_total{use=\"mqtt\"} 1");
        mount("second");
        look();
        look();
        assertEquals("CN=second", shown(port));
        assertRefused("revoked", port);
        connected(open(authority.client("device"), port)).close();
        assertMetric("tuskmq_tls_reload_failures_total{use=\"mqtt\"} 2");
        assertMetric("tuskmq_tls_reloads_total{use=\"mqtt\"} 1");
        assertEnd(end("second"));
        Files.copy(authority.revoke("mended.pem", 1), list, StandardCopyOption.REPLACE_EXISTING);
        look();
        connected(open(authority.client("revoked"), port)).close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void speaksTls12And13(String protocol) throws Exception {
        mount("first");
        SSLSocket socket = open(authority.client("device"), listen(null, null).tlsPort());
        socket.setEnabledProtocols(new String[] {protocol});
        try (RawClient client = connected(socket)) {
            assertEquals(protocol, socket.getSession().getProtocol());
            client.ping();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    @DisplayName("SSL 3, TLS 1.0 and 1.1 hear the alert protocol_version")
    void refusesOlderVersions(int minor) throws Exception {
        mount("first");
        RawClient client = client(listen(null, null).tlsPort());
        client.send(clientHello(minor));
        byte[] alert = client.socket().getInputStream().readNBytes(7);
        assertArrayEquals(new byte[] {2, 70}, java.util.Arrays.copyOfRange(alert, 5, 7), Packets.hexOf(alert));
        assertEquals(0x15, alert[0]);
    }

    /** Java speaks no such version any more: the bytes of one, with suites that it had. */
    private static byte[] clientHello(int minor) {
        String suites = "00 08 c0 09 c0 0a 00 2f 00 35";
        byte[] body =
                RawClient.concat(new byte[] {3, (byte) minor}, new byte[32], Packets.hex("00 " + suites + " 01 00"));
        byte[] handshake = RawClient.concat(Packets.hex("01 00"), Packets.u16(body.length), body);
        return RawClient.concat(Packets.hex("16 03 01"), Packets.u16(handshake.length), handshake);
    }
}
