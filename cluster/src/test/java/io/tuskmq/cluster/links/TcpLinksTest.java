package io.tuskmq.cluster.links;

import static io.tuskmq.cluster.links.LinksFixture.SECRET;
import static io.tuskmq.cluster.links.LinksFixture.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.tuskmq.cluster.links.LinksFixture.Node;
import io.tuskmq.cluster.rules.Pace;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What only sockets have: strangers, half-open connections, ports. */
@Timeout(60)
class TcpLinksTest {
    private static final TcpLinks.Timing SHORT = new TcpLinks.Timing(1_000, 600, 100, 800);
    /** Longer than any test waits: what happens sooner has another cause. */
    private static final TcpLinks.Timing ENDLESS = new TcpLinks.Timing(60_000, 60_000, 500, 60_000);

    private @Nullable TcpFixture fixture;

    private TcpFixture start(TcpLinks.Timing timing) {
        fixture = new TcpFixture(timing);
        return fixture;
    }

    @AfterEach
    void stop() {
        if (fixture != null) {
            fixture.close();
        }
    }

    private static Socket connect(Node to) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), to.peer().port());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static void send(Socket socket, byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    private static byte[] frame(Frame.Kind kind, Buffer body) {
        io.netty.buffer.ByteBuf bytes = io.netty.buffer.Unpooled.buffer();
        Frame.of(kind, body).writeTo(bytes);
        byte[] out = new byte[bytes.readableBytes()];
        bytes.readBytes(out);
        return out;
    }

    private static Buffer readFrame(Socket socket) throws IOException {
        java.io.DataInputStream in = new java.io.DataInputStream(socket.getInputStream());
        return Buffer.buffer(in.readNBytes(in.readInt()));
    }

    /** Whether the other end closed it, in good order or not. */
    private static boolean isClosedByPeer(Socket socket) throws IOException {
        try {
            socket.getInputStream().readAllBytes();
            return true;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (java.net.SocketException e) {
            return true;
        }
    }

    private static void assertServes(TcpFixture fixture, Node b) throws InterruptedException {
        Node a = fixture.start(1, "a");
        a.links().wanted(List.of(b.peer()));
        a.handler().expect("b", "up");
        b.handler().expect("a", "heard");
        assertEquals(
                "answer to x",
                get(a.links().ask(b.incarnation(), Links.NODE, Buffer.buffer("x"), 20_000))
                        .toString());
    }

    @Test
    void garbageIsCutOffAtOnceAndHarmsNobody() throws Exception {
        TcpFixture started = start(ENDLESS);
        Node b = started.start(2, "b");
        List<byte[]> garbage = List.of(
                "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                new byte[] {0x7f, -1, -1, -1},
                new byte[] {-1, -1, -1, -1},
                new byte[] {0, 0, 0, 0},
                new byte[] {0, 0, 4, 1},
                new byte[] {0, 0, 0, 2, 99, 0},
                frame(Frame.Kind.HELLO, Buffer.buffer("short")),
                frame(Frame.Kind.HELLO, Handshake.hello(b.peer(), 2).slice(0, 60)),
                frame(Frame.Kind.TELL, Buffer.buffer("I am in")),
                frame(Frame.Kind.PROOF, Buffer.buffer(new byte[32])),
                frame(Frame.Kind.READY, Buffer.buffer()));
        for (byte[] bytes : garbage) {
            try (Socket socket = connect(b)) {
                send(socket, bytes);
                assertTrue(isClosedByPeer(socket), () -> "open after " + Buffer.buffer(bytes));
            }
        }
        assertServes(started, b);
    }

    @Test
    void aProofOfTheWrongSecretIsCutOff() throws Exception {
        Node b = start(ENDLESS).start(2, "b");
        try (Socket socket = connect(b)) {
            Buffer hello = Handshake.hello(new Peer(9, "mallory", "localhost", 1), 2);
            send(socket, frame(Frame.Kind.HELLO, hello));
            Buffer challenge = readFrame(socket);
            Buffer proof = Handshake.proof(
                    "guess".getBytes(StandardCharsets.UTF_8), hello, challenge.slice(2, challenge.length()));
            send(socket, frame(Frame.Kind.PROOF, proof));
            assertTrue(isClosedByPeer(socket));
        }
        b.handler().expectNothing("mallory", 1);
    }

    /** The listening end proves itself first: its proof must be of no use to the one who got it. */
    @Test
    void aProofThatIsSentBackIsCutOff() throws Exception {
        Node b = start(ENDLESS).start(2, "b");
        try (Socket socket = connect(b)) {
            send(socket, frame(Frame.Kind.HELLO, Handshake.hello(new Peer(9, "mallory", "localhost", 1), 2)));
            Buffer challenge = readFrame(socket);
            Buffer itsOwn = challenge.slice(challenge.length() - 32, challenge.length());
            send(socket, frame(Frame.Kind.PROOF, itsOwn));
            assertTrue(isClosedByPeer(socket));
        }
        b.handler().expectNothing("mallory", 1);
    }

    /** Somebody at a peer's address who does not know the secret learns nothing, and is no peer. */
    @Test
    void whoListensMustProveItselfFirst() throws Exception {
        Node a = start(ENDLESS).start(1, "a");
        try (ServerSocket fake = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            fake.setSoTimeout(20_000);
            a.links().wanted(List.of(new Peer(2, "b", "127.0.0.1", fake.getLocalPort())));
            try (Socket socket = fake.accept()) {
                socket.setSoTimeout(20_000);
                Buffer frame = readFrame(socket);
                Handshake.Hello hello = Handshake.readHello(frame.slice(2, frame.length()));
                byte[] guess = "guess".getBytes(StandardCharsets.UTF_8);
                send(socket, frame(Frame.Kind.CHALLENGE, Handshake.challenge(guess, hello, 2)));
                assertEquals(0, socket.getInputStream().readAllBytes().length, "a PROOF for a stranger");
            }
        }
        a.handler().expectNothing("b", 1);
    }

    @Test
    void anotherVersionIsToldWhatIsSpokenHere() throws Exception {
        Node b = start(ENDLESS).start(2, "b");
        try (Socket socket = connect(b)) {
            int another = Handshake.VERSION + 1;
            Buffer hello = Handshake.hello(new Peer(9, "c", "localhost", 1), 2).setUnsignedShort(4, another);
            send(socket, frame(Frame.Kind.HELLO, hello));
            String answer = readFrame(socket).toString(StandardCharsets.UTF_8);
            assertTrue(answer.contains("version " + Handshake.VERSION + " is spoken here, not " + another), answer);
            assertTrue(isClosedByPeer(socket));
        }
    }

    @Test
    void whoSaysNothingIsCutOffWhenTheHandshakesTimeIsOver() throws Exception {
        Node b = start(SHORT).start(2, "b");
        try (Socket socket = connect(b)) {
            assertTrue(isClosedByPeer(socket));
        }
    }

    @Test
    void strangersBeyondTheLimitAreClosedAtOnceAndRoomComesBack() throws Exception {
        TcpLinks.Limits limits = new TcpLinks.Limits(1 << 20, 1 << 20, 10, 3, Pace.Marks.DEFAULT);
        fixture = new TcpFixture(new TcpLinks.Options("127.0.0.1", 0, null, ENDLESS, limits));
        Node b = fixture.start(2, "b");
        List<Socket> silent = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Socket socket = connect(b);
            silent.add(socket);
            send(socket, frame(Frame.Kind.HELLO, Handshake.hello(new Peer(9, "s", "h", 1), 2)));
            readFrame(socket);
        }
        try (Socket oneMore = connect(b)) {
            assertTrue(isClosedByPeer(oneMore));
        }
        for (Socket socket : silent) {
            socket.close();
        }
        assertServes(fixture, b);
    }

    @Test
    void aPeerThatAcceptsAndSaysNothingIsTriedAgain() throws Exception {
        TcpFixture started = start(SHORT);
        Node a = started.start(1, "a");
        try (ServerSocket mute = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            mute.setSoTimeout(20_000);
            a.links().wanted(List.of(new Peer(2, "b", "127.0.0.1", mute.getLocalPort())));
            try (Socket first = mute.accept();
                    Socket second = mute.accept()) {
                first.setSoTimeout(20_000);
                assertTrue(isClosedByPeer(first));
                assertFalse(second.isClosed());
            }
        }
    }

    @Test
    void aHalfOpenConnectionIsFoundByBothEnds() throws InterruptedException {
        TcpFixture started = start(SHORT);
        Node a = started.start(1, "a");
        Node b = started.start(2, "b");
        a.links().wanted(List.of(started.disturbable(a, b)));
        a.handler().expect("b", "up");
        b.handler().expect("a", "heard");
        started.proxy(a, b).stallBothWays();
        long before = System.nanoTime();
        a.handler().expect("b", "down");
        b.handler().expect("a", "silent");
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
        assertTrue(millis >= 500, () -> "by the time, not at once: " + millis);
        started.proxy(a, b).resume();
        a.handler().expect("b", "up");
        b.handler().expect("a", "heard");
    }

    /** The socket to a peer that takes nothing is full: closing must not wait for it. */
    @Test
    void aHalfOpenConnectionWithMuchUnderWayIsFoundToo() throws InterruptedException {
        TcpFixture started = start(SHORT);
        Node a = started.start(1, "a");
        Node b = started.start(2, "b");
        b.handler().onTold = (from, body) -> {};
        a.links().wanted(List.of(started.disturbable(a, b)));
        a.handler().expect("b", "up");
        started.proxy(a, b).stallBothWays();
        Buffer body = Buffer.buffer(new byte[64 << 10]);
        int told = 0;
        while (told++ < 10_000 && a.links().tell(b.incarnation(), Links.NODE, body)) {
            assertTrue(told < 10_000, "no limit");
        }
        a.handler().expect("b", "down");
        assertFalse(a.links().tell(b.incarnation(), Links.NODE, body));
    }

    @Test
    void aQuietLinkStaysUp() throws InterruptedException {
        // An end that gets no processor for a while is no quiet one.
        TcpLinks.Timing timing = new TcpLinks.Timing(5_000, 5_000, 100, 3_000);
        TcpFixture started = start(timing);
        Node a = started.start(1, "a");
        Node b = started.start(2, "b");
        a.links().wanted(List.of(b.peer()));
        a.handler().expect("b", "up");
        b.handler().expect("a", "heard");
        a.handler().expectNothing("b", 2L * timing.idleMillis());
        b.handler().expectNothing("a", 1);
    }

    @Test
    void aNewConnectionOfAPeerReplacesTheHalfOpenOne() throws InterruptedException {
        TcpFixture started = start(ENDLESS);
        Node a = started.start(1, "a");
        Node b = started.start(2, "b");
        a.links().wanted(List.of(started.disturbable(a, b)));
        a.handler().expect("b", "up");
        b.handler().expect("a", "heard");
        for (int i = 0; i < 3; i++) {
            started.proxy(a, b).breakDiallingEnds();
            a.handler().expect("b", "down", "up");
            b.handler().expect("a", "silent", "heard");
        }
        a.links().tell(b.incarnation(), Links.NODE, Buffer.buffer("new"));
        b.handler().expect("a", "told new");
    }

    @Test
    void aPeerThatListensAgainIsFoundAgain() throws InterruptedException {
        TcpFixture started = start(TcpFixture.PATIENT);
        Node a = started.start(1, "a");
        Node b = started.start(2, "b");
        a.links().wanted(List.of(b.peer()));
        a.handler().expect("b", "up");
        get(b.links().close());
        a.handler().expect("b", "down", "refused");
        TcpLinks.Options samePort =
                new TcpLinks.Options("127.0.0.1", b.peer().port(), null, TcpFixture.PATIENT, TcpLinks.Limits.DEFAULT);
        Node again = started.start(new TcpLinks(started.vertx, samePort), 2, "b", SECRET);
        again.handler().expect("a", "heard");
    }

    @Test
    void refusalIsToldWithinASecond() throws InterruptedException {
        TcpFixture started = start(TcpFixture.PATIENT);
        Node a = started.start(1, "a");
        Node b = started.start(2, "b");
        get(b.links().close());
        long before = System.nanoTime();
        a.links().wanted(List.of(b.peer()));
        a.handler().expect("b", "refused");
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
        assertTrue(millis >= 250, () -> "after the third attempt, not after " + millis + " ms");
    }

    @Test
    void afterCloseThePortIsFreeAndNoConnectionIsLeft() throws Exception {
        TcpFixture started = start(ENDLESS);
        Node a = started.start(1, "a");
        Node b = started.start(2, "b");
        a.links().wanted(List.of(b.peer()));
        a.handler().expect("b", "up");
        try (Socket stranger = connect(b)) {
            send(stranger, frame(Frame.Kind.HELLO, Handshake.hello(new Peer(9, "s", "h", 1), 2)));
            readFrame(stranger);
            get(b.links().close());
            assertTrue(isClosedByPeer(stranger));
        }
        a.handler().expect("b", "down", "refused");
        try (ServerSocket free = new ServerSocket()) {
            free.setReuseAddress(true);
            free.bind(new java.net.InetSocketAddress(
                    InetAddress.getLoopbackAddress(), b.peer().port()));
            assertTrue(free.isBound());
        }
    }
}
