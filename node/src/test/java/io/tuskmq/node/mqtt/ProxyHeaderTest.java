package io.tuskmq.node.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.auth.Network;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The PROXY protocol in raw bytes: demanded from listed addresses, refused from others. */
class ProxyHeaderTest extends ListenerTest {
    private static final Network LOOPBACK = Network.parse("127.0.0.0/8");
    private static final Network ELSEWHERE = Network.parse("192.0.2.0/24");
    private static final int RUSH_PER_SECOND = 2;
    private static final int RUSH = 7;
    /** A second's worth comes at once, and one more; the others half a second after one another. */
    private static final long RUSH_MILLIS_MIN = 1_990;

    private static final byte[] V1 = ascii("PROXY TCP4 203.0.113.7 192.0.2.1 40000 1883\r\n");
    private static final String SIGNATURE = "0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a ";
    private static final String ADDRESSES = "cb 00 71 07 c0 00 02 01 9c 40 07 5b";

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] v2(String rest) {
        return Packets.hex(SIGNATURE + rest);
    }

    private MqttListener behind(Network network) {
        return behind(network, MqttOptions.Limits.DEFAULT);
    }

    private MqttListener behind(Network network, MqttOptions.Limits limits) {
        var ports = new MqttOptions.Ports(0, 0, MqttOptions.OFF, MqttOptions.OFF);
        return listen(new MqttOptions("127.0.0.1", ports, null, 1, limits, List.of(network)));
    }

    /** What the sessions, and all behind them, know as the client's address. */
    private String addressAfter(byte[] header) throws IOException {
        RawClient client = client(behind(LOOPBACK).port());
        client.send(RawClient.concat(header, Packets.connect("c")));
        assertEquals("20 00 00", client.read().hex());
        client.ping();
        return RecordingHandler.next(handler.connects).remoteAddress();
    }

    @Test
    @DisplayName("version 1 names the client, which is then its address everywhere")
    void readsVersion1() throws IOException {
        assertEquals("203.0.113.7:40000", addressAfter(V1));
    }

    @Test
    void readsVersion1OfIpv6() throws IOException {
        String address = addressAfter(ascii("PROXY TCP6 2001:db8::7 2001:db8::1 40000 1883\r\n"));
        assertEquals(io.tuskmq.node.auth.Address.parse("2001:db8::7"), io.tuskmq.node.auth.Address.ofSocket(address));
    }

    @Test
    void readsVersion2() throws IOException {
        assertEquals("203.0.113.7:40000", addressAfter(v2("21 11 00 0c " + ADDRESSES)));
    }

    @Test
    void readsVersion2OfIpv6() throws IOException {
        String six = "20010db8000000000000000000000007 20010db8000000000000000000000001 9c40 075b";
        String address = addressAfter(v2(
                "21 21 00 24 " + six.replace(" ", "").replaceAll("(..)", "$1 ").strip()));
        assertEquals(io.tuskmq.node.auth.Address.parse("2001:db8::7"), io.tuskmq.node.auth.Address.ofSocket(address));
    }

    @Test
    @DisplayName("what version 2 adds to the addresses is read over")
    void readsOverAdditions() throws IOException {
        String added = "04 00 10" + " 00".repeat(16); // PP2_TYPE_NOOP
        assertEquals("203.0.113.7:40000", addressAfter(v2("21 11 00 1f " + ADDRESSES + " " + added)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"})
    @DisplayName("a proxy that does not know its client is the client itself")
    void takesTheProxyForUnknownClients(String header) throws IOException {
        assertTrue(addressAfter(ascii(header)).startsWith("127.0.0.1:"));
    }

    @Test
    @DisplayName("LOCAL is the proxy's own connection, and one that only looks is let go in silence")
    void takesHealthChecks() throws IOException {
        byte[] local = v2("20 00 00 00");
        assertTrue(addressAfter(local).startsWith("127.0.0.1:"));
        MqttListener listener = behind(LOOPBACK);
        try (RawClient check = RawClient.connect(listener.port())) {
            check.send(local);
        }
        RawClient.connect(listener.port()).abort();
        RawClient.connect(listener.port()).close();
        await(() -> listener.counters().openConnections() == 0);
        assertEquals(0, listener.counters().badPackets());
    }

    @Test
    @DisplayName("a header in pieces, one byte at a time")
    void readsHeadersInPieces() throws IOException {
        RawClient client = client(behind(LOOPBACK).port());
        for (byte one : v2("21 11 00 0c " + ADDRESSES)) {
            client.send(new byte[] {one});
        }
        client.send(Packets.connect("c"));
        assertEquals("20 00 00", client.read().hex());
    }

    @Test
    @DisplayName("from a listed address a connection without a good header is refused, and counted")
    void demandsAHeader() throws IOException {
        List<byte[]> bad = List.of(
                Packets.connect("a-client-without-a-header"),
                ascii("PROXY TCP4 203.0.113.7 192.0.2.1 40000\r\n"),
                ascii("PROXY TCP4 203.0.113.777 192.0.2.1 40000 1883\r\n"),
                ascii("PROXY TCP4 " + "1".repeat(200)),
                ascii("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
                v2("31 11 00 0c " + ADDRESSES), // version 3
                v2("21 12 00 0c " + ADDRESSES), // datagrams
                v2("21 11 00 04 cb 00 71 07"), // too short for its addresses
                v2("21 11 ff ff " + ADDRESSES)); // larger than is read
        MqttListener listener = behind(LOOPBACK, LimitsTest.connectWithin(500));
        for (byte[] bytes : bad) {
            RawClient client = client(listener.port());
            client.sendToTheEnd(bytes);
            client.sendToTheEnd(Packets.connect("c"));
            assertTrue(client.readOrEnd().isEmpty(), () -> Packets.hexOf(bytes));
        }
        assertTrue(handler.connects.isEmpty());
        assertEquals(bad.size(), listener.counters().badPackets());
        assertEquals(0, listener.counters().ownFailures());
    }

    @Test
    @DisplayName("a header that trickles in has only so much time")
    void boundsTheTime() throws IOException {
        MqttListener listener = behind(LOOPBACK, LimitsTest.connectWithin(300));
        RawClient silent = client(listener.port());
        RawClient slow = client(listener.port());
        slow.send(ascii("PROXY "));
        assertTrue(silent.readOrEnd().isEmpty());
        assertTrue(slow.readOrEnd().isEmpty());
        assertEquals(2, listener.counters().badPackets());
    }

    @Test
    @DisplayName("from any other address a header is bad bytes, and plain connections work")
    void refusesHeadersOfOthers() throws IOException {
        MqttListener listener = behind(ELSEWHERE);
        for (byte[] header : List.of(V1, v2("21 11 00 0c " + ADDRESSES))) {
            for (int port : List.of(listener.port(), listener.webSocketPort())) {
                RawClient client = client(port);
                client.sendToTheEnd(RawClient.concat(header, Packets.connect("c")));
                byte[] answer = client.socket().getInputStream().readNBytes(9);
                assertTrue(answer.length == 0 || new String(answer, StandardCharsets.US_ASCII).equals("HTTP/1.1 "));
            }
        }
        assertTrue(handler.connects.isEmpty());
        connected(listener.port(), Packets.connect("plain")).ping();
    }

    @Test
    @DisplayName("the limit of connections of one address is the client's, not the proxy's")
    void countsTheClientsAddress() throws IOException {
        MqttOptions.Limits limits =
                LimitsTest.with(new MqttOptions.Arrivals(100, 1, 0), new MqttOptions.PublishRate(0, 0));
        int port = behind(LOOPBACK, limits).port();
        for (String address : List.of("203.0.113.1", "203.0.113.2")) {
            RawClient client = client(port);
            client.send(ascii("PROXY TCP4 " + address + " 192.0.2.1 40000 1883\r\n"));
            client.send(Packets.connect(address));
            assertEquals("20 00 00", client.read().hex());
        }
        RawClient again = client(port);
        again.sendToTheEnd(ascii("PROXY TCP4 203.0.113.1 192.0.2.1 40001 1883\r\n"));
        assertTrue(again.readOrEnd().isEmpty());
    }

    @Test
    @DisplayName("before TLS and before WebSocket too")
    void readsHeadersOnAllPorts(@TempDir Path dir) throws Exception {
        TestCertificate certificate = TestCertificate.make(dir);
        var ports = new MqttOptions.Ports(MqttOptions.OFF, 0, 0, 0);
        MqttListener listener = listen(new MqttOptions(
                "127.0.0.1", ports, certificate.tls(), 1, MqttOptions.Limits.DEFAULT, List.of(LOOPBACK)));
        SSLSocketFactory tls = certificate.clientContext().getSocketFactory();
        Socket secure = behindHeader(listener.tlsPort());
        RawClient client = new RawClient(tls.createSocket(secure, "localhost", listener.tlsPort(), true));
        client.send(Packets.connect("c"));
        assertEquals("20 00 00", client.read().hex());
        Socket plain = behindHeader(listener.webSocketPort());
        Socket wss = behindHeader(listener.webSocketTlsPort());
        for (Socket web : List.of(plain, tls.createSocket(wss, "localhost", listener.webSocketTlsPort(), true))) {
            web.setSoTimeout(10_000);
            web.getOutputStream().write(WebSocketBytes.upgrade());
            WebSocketBytes.readUpgraded(web.getInputStream());
            web.getOutputStream().write(WebSocketBytes.binary(Packets.connect("w")));
            assertEquals("82 04 20 02 00 00", Packets.hexOf(web.getInputStream().readNBytes(6)));
        }
        for (int i = 0; i < 3; i++) {
            assertEquals(
                    "203.0.113.7:40000", RecordingHandler.next(handler.connects).remoteAddress());
        }
        client.close();
        plain.close();
        wss.close();
    }

    /** A rush through the balancer must not cost the node one handshake after the other: the first bytes of TLS come with the header. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("whose turn has not come is not answered by TLS either")
    void pacesHandshakesBehindTheHeader(boolean withTheHeader, @TempDir Path dir) throws Exception {
        TestCertificate certificate = TestCertificate.make(dir);
        var ports = new MqttOptions.Ports(MqttOptions.OFF, MqttOptions.OFF, 0, MqttOptions.OFF);
        MqttOptions.Limits limits =
                LimitsTest.with(new MqttOptions.Arrivals(100, 0, RUSH_PER_SECOND), new MqttOptions.PublishRate(0, 0));
        int port = listen(new MqttOptions("127.0.0.1", ports, certificate.tls(), 1, limits, List.of(LOOPBACK)))
                .tlsPort();
        byte[] hello = clientHello(certificate);
        long begun = System.nanoTime();
        List<RawClient> rush = new ArrayList<>();
        for (int i = 0; i < RUSH; i++) {
            RawClient client = client(port);
            client.socket().setSoTimeout(10_000);
            client.send(withTheHeader ? RawClient.concat(V1, hello) : V1);
            rush.add(client);
        }
        for (RawClient client : rush) {
            if (!withTheHeader) {
                client.send(hello);
            }
        }
        for (RawClient client : rush) {
            assertEquals(0x16, client.socket().getInputStream().read(), "a record of the handshake");
        }
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        assertTrue(millis >= RUSH_MILLIS_MIN, "all were answered after " + millis + " ms");
    }

    private static byte[] clientHello(TestCertificate certificate) throws Exception {
        SSLEngine engine = certificate.clientContext().createSSLEngine();
        engine.setUseClientMode(true);
        ByteBuffer hello = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(ByteBuffer.allocate(0), hello);
        return Arrays.copyOf(hello.array(), hello.position());
    }

    private static Socket behindHeader(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.getOutputStream().write(V1);
        return socket;
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "not within 10 s");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }
}
