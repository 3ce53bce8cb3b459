package io.tuskmq.cluster.links;

import static io.tuskmq.cluster.links.LinksFixture.get;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.links.LinksFixture.Node;
import io.tuskmq.cluster.rules.Pace;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A peer that is slower than those who send to it, on sockets. */
final class PacedLinksTest {
    private static final int FRAME_BYTES = 32 << 10;
    private static final long WAIT_SECONDS = 60;

    /** Those of a node, but a sender that is kept from running for a while does not take its peer for one that stands still. */
    private static final Pace.Marks PATIENT = new Pace.Marks(2 << 20, 1 << 20, 8 << 20, 600_000, 256 << 10);

    /** Nor is a link taken for dead that carries nothing for a while: that too would end the waiting. */
    private static final TcpLinks.Timing TIMING = new TcpLinks.Timing(5_000, 5_000, 500, 600_000);

    private TcpFixture fixture = with(PATIENT);
    private Node sender = fixture.start(1, "a");

    private static TcpFixture with(Pace.Marks marks) {
        TcpLinks.Limits usual = TcpLinks.Limits.DEFAULT;
        TcpLinks.Limits limits = new TcpLinks.Limits(
                usual.frameBytesMax(), usual.waitingBytesMax(), usual.unansweredMax(), usual.strangersMax(), marks);
        return new TcpFixture(new TcpLinks.Options("127.0.0.1", 0, null, TIMING, limits));
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    private void link(Node... nodes) throws InterruptedException {
        sender.links()
                .wanted(List.of(nodes).stream()
                        .map(node -> fixture.disturbable(sender, node))
                        .toList());
        for (Node node : nodes) {
            sender.handler().expect(node.peer().name(), "up");
        }
    }

    private boolean tell(Node to) {
        return sender.links().tellPaced(to.incarnation(), Links.NODE, Buffer.buffer(new byte[FRAME_BYTES]));
    }

    private boolean isSlow(Node node) {
        return sender.links().isSlow(node.incarnation());
    }

    /** Sends until it should wait; returns how many frames. */
    private int fill(Node to) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        int sent = 0;
        while (!isSlow(to)) {
            assertTrue(tell(to));
            sent++;
            assertTrue(System.nanoTime() < end, "it takes all");
        }
        return sent;
    }

    private void untilNotSlow(Node node) {
        long begun = System.nanoTime();
        while (isSlow(node)) {
            LockSupport.parkNanos(1_000_000);
            assertTrue(System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(WAIT_SECONDS), "senders wait for ever");
        }
    }

    @Test
    @DisplayName("a sender that waits when it should loses nothing to a slow peer")
    void losesNothingToASlowPeer() throws InterruptedException {
        Node slow = fixture.start(2, "b");
        int frames = 2_000;
        CountDownLatch arrived = new CountDownLatch(frames);
        slow.handler().onTold = (from, body) -> {
            LockSupport.parkNanos(500_000); // 64 MB/s at most
            arrived.countDown();
        };
        Semaphore room = new Semaphore(0);
        sender.handler().onRoom = room::release;
        link(slow);
        int waits = 0;
        for (int i = 0; i < frames; i++) {
            assertTrue(tell(slow), "frame " + i);
            if (isSlow(slow)) {
                waits++;
                assertTrue(room.tryAcquire(WAIT_SECONDS, TimeUnit.SECONDS), "the sender is told that there is room");
                room.drainPermits();
            }
        }
        assertTrue(arrived.await(WAIT_SECONDS, TimeUnit.SECONDS), () -> arrived.getCount() + " frames are missing");
        assertTrue(waits > 0, "the peer was not slow");
    }

    @Test
    @DisplayName("nobody waits for good for a peer that takes nothing, nor at all for the others")
    void nobodyWaitsLongForAPeerThatTakesNothing() throws InterruptedException {
        fixture.close();
        fixture = with(Pace.Marks.DEFAULT);
        sender = fixture.start(1, "a");
        Node still = fixture.start(2, "b");
        Node fine = fixture.start(3, "c");
        link(still, fine);
        fixture.stall(sender, still);
        assertFalse(isSlow(fine));
        assertTrue(tell(fine));
        boolean held = false;
        long begun = System.nanoTime();
        while (tell(still) || isSlow(still)) { // the sockets' buffers take some megabytes first
            held |= isSlow(still);
            LockSupport.parkNanos(100_000);
            assertTrue(
                    System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(WAIT_SECONDS), "waited for without a bound");
        }
        assertTrue(held, "refused without a word before");
        assertTrue(tell(fine));
        fixture.resume(sender, still);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (!tell(still)) {
            LockSupport.parkNanos(10_000_000);
            assertTrue(System.nanoTime() < end, "it has caught up");
        }
    }

    @Test
    @DisplayName("what can't be held back has room beside what can")
    void neitherTakesTheOthersRoom() throws InterruptedException {
        Node still = fixture.start(2, "b");
        link(still);
        fixture.stall(sender, still);
        fill(still);
        assertTrue(sender.links().tell(still.incarnation(), Links.NODE, Buffer.buffer("a head")));
        while (sender.links().tell(still.incarnation(), Links.NODE, Buffer.buffer(new byte[FRAME_BYTES]))) {
            assertTrue(isSlow(still) || tell(still));
        }
        assertTrue(tell(still), "below its own 8 MB");
    }

    @Test
    @DisplayName("a peer whose handler is behind is not read, and what was told is handled when it is not")
    void aPeerThatIsBehindIsNotRead() throws InterruptedException {
        Node behind = fixture.start(2, "b");
        AtomicInteger handled = new AtomicInteger();
        Semaphore more = new Semaphore(0);
        behind.handler().onTold = (from, body) -> {
            handled.incrementAndGet();
            more.release();
        };
        link(behind);
        behind.handler().behind = true;
        int sent = fill(behind);
        behind.handler().behind = false;
        assertTrue(more.tryAcquire(sent, WAIT_SECONDS, TimeUnit.SECONDS), () -> handled + " of " + sent);
        untilNotSlow(behind);
        assertTrue(tell(behind));
        get(sender.links().ask(behind.incarnation(), Links.NODE, Buffer.buffer("x"), 20_000));
    }

    @Test
    @DisplayName("a peer is not left unread for good because its handler stays behind")
    void aPeerThatStaysBehindIsReadAgain() throws InterruptedException {
        Node behind = fixture.start(2, "b");
        link(behind);
        behind.handler().behind = true;
        tell(behind);
        get(sender.links().ask(behind.incarnation(), Links.NODE, Buffer.buffer("x"), 20_000));
        get(sender.links().ask(behind.incarnation(), Links.NODE, Buffer.buffer("y"), 20_000));
    }
}
