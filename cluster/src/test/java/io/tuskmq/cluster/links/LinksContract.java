package io.tuskmq.cluster.links;

import static io.tuskmq.cluster.links.LinksFixture.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.cluster.LinkException;
import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.links.LinksFixture.Node;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@link Links} promise, whatever they stand on. */
@Timeout(120)
abstract class LinksContract {
    private static final byte NODE = Links.NODE;
    private static final int FRAMES = 100_000;

    private LinksFixture fixture;
    private Node a;
    private Node b;

    abstract LinksFixture fixture();

    @BeforeEach
    void startTwo() {
        fixture = fixture();
        a = fixture.start(1, "a");
        b = fixture.start(2, "b");
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    private void link() throws InterruptedException {
        a.links().wanted(List.of(fixture.disturbable(a, b)));
        a.handler().expect("b", "up");
        b.handler().expect("a", "heard");
    }

    private void linkDirectly() throws InterruptedException {
        a.links().wanted(List.of(b.peer()));
        a.handler().expect("b", "up");
        b.handler().expect("a", "heard");
    }

    private Future<Buffer> ask(String text, long millis) {
        return a.links().ask(b.incarnation(), NODE, Buffer.buffer(text), millis);
    }

    private static LinkException failure(Future<?> future) {
        return assertThrows(LinkException.class, () -> get(future));
    }

    /** Two threads tell numbers. */
    @Test
    void whatOneThreadTellsArrivesCompletelyAndInItsOrder() throws InterruptedException {
        AtomicLong[] next = {new AtomicLong(), new AtomicLong()};
        AtomicInteger disorder = new AtomicInteger();
        CountDownLatch arrived = new CountDownLatch(FRAMES);
        b.handler().onTold = (from, body) -> {
            if (next[body.getByte(0)].getAndIncrement() != body.getLong(1)) {
                disorder.incrementAndGet();
            }
            arrived.countDown();
        };
        linkDirectly();
        List<Thread> threads = new ArrayList<>();
        for (byte thread = 0; thread < 2; thread++) {
            byte id = thread;
            threads.add(Thread.ofPlatform().start(() -> tellNumbers(id, FRAMES / 2)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertTrue(arrived.await(60, TimeUnit.SECONDS), () -> "missing: " + arrived.getCount());
        assertEquals(0, disorder.get());
    }

    private void tellNumbers(byte id, long count) {
        for (long i = 0; i < count; i++) {
            Buffer body = Buffer.buffer().appendByte(id).appendLong(i);
            while (!a.links().tell(b.incarnation(), NODE, body)) {
                LockSupport.parkNanos(100_000); // full: until there is room
            }
        }
    }

    @Test
    void aPeerThatConnectsNamesItself() throws InterruptedException {
        link();
        assertEquals(a.peer(), b.handler().heardPeer("a"));
    }

    @Test
    void whatIsToldWhenTheLinkComesUpArrives() throws InterruptedException {
        a.handler().onUp = () -> assertTrue(a.links().tell(b.incarnation(), NODE, Buffer.buffer("hello")));
        link();
        b.handler().expect("a", "told hello");
    }

    @Test
    void anAnswerComesBack() throws InterruptedException {
        link();
        assertEquals("answer to x", get(ask("x", 20_000)).toString());
    }

    @Test
    void aPeersNoFailsTheAskWithItsWords() throws InterruptedException {
        b.handler().onAsked = body -> Future.failedFuture("not today");
        link();
        LinkException no = failure(ask("x", 20_000));
        assertEquals(LinkException.Kind.REMOTE, no.kind());
        assertEquals("not today", no.getMessage());
    }

    @Test
    void aFaultOfTheAskedFailsTheAskAndLeavesTheLink() throws InterruptedException {
        b.handler().onAsked = body -> {
            throw new IllegalStateException("planted");
        };
        link();
        assertEquals(LinkException.Kind.REMOTE, failure(ask("x", 20_000)).kind());
        assertTrue(a.links().tell(b.incarnation(), NODE, Buffer.buffer("still")));
        b.handler().expect("a", "told still");
    }

    @Test
    void anAskWithoutAnswerFailsInTime() throws InterruptedException {
        Promise<Buffer> late = Promise.promise();
        b.handler().onAsked = body -> late.future();
        link();
        assertEquals(LinkException.Kind.TIMEOUT, failure(ask("x", 200)).kind());
        // An answer that comes later belongs to nothing.
        late.complete(Buffer.buffer("late"));
        b.handler().onAsked = body -> Future.succeededFuture(body);
        assertEquals("y", get(ask("y", 20_000)).toString());
    }

    @Test
    void anAskFailsWhenTheLinkBreaks() throws InterruptedException {
        b.handler().onAsked = body -> Promise.<Buffer>promise().future();
        link();
        Future<Buffer> asked = ask("x", 60_000);
        fixture.cut(a, b);
        assertEquals(LinkException.Kind.DOWN, failure(asked).kind());
    }

    @Test
    void notMoreThanTenThousandAsksAreUnanswered() throws InterruptedException {
        b.handler().onAsked = body -> Promise.<Buffer>promise().future();
        link();
        List<Future<Buffer>> asked = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            asked.add(ask("x", 60_000));
        }
        assertTrue(asked.stream().noneMatch(Future::isComplete));
        assertEquals(LinkException.Kind.LIMIT, failure(ask("one more", 60_000)).kind());
    }

    @Test
    void withoutALinkNothingIsSent() {
        assertFalse(a.links().tell(b.incarnation(), NODE, Buffer.buffer("x")));
        assertEquals(LinkException.Kind.DOWN, failure(ask("x", 1_000)).kind());
    }

    @Test
    void aFrameBeyondTheLimitIsNotSent() throws InterruptedException {
        link();
        Buffer large = Buffer.buffer(new byte[(64 << 20) + 1]);
        assertFalse(a.links().tell(b.incarnation(), NODE, large));
        assertEquals(
                LinkException.Kind.LIMIT,
                failure(a.links().ask(b.incarnation(), NODE, large, 1_000)).kind());
        assertTrue(a.links().tell(b.incarnation(), NODE, Buffer.buffer("small")));
        b.handler().expect("a", "told small");
    }

    @Test
    void aBrokenConnectionIsToldAtBothEndsAndMadeAnew() throws InterruptedException {
        link();
        fixture.breakConnections(a, b);
        a.handler().expect("b", "down", "up");
        b.handler().expect("a", "silent", "heard");
        assertTrue(a.links().tell(b.incarnation(), NODE, Buffer.buffer("again")));
        b.handler().expect("a", "told again");
    }

    @Test
    void aCutIsNotTakenForADeadPeer() throws InterruptedException {
        link();
        fixture.cut(a, b);
        a.handler().expect("b", "down");
        b.handler().expect("a", "silent");
        assertFalse(a.links().tell(b.incarnation(), NODE, Buffer.buffer("x")));
        a.handler().expectNothing("b", 1_500);
        fixture.heal(a, b);
        a.handler().expect("b", "up");
        b.handler().expect("a", "heard");
    }

    @Test
    void aDeadPeersAddressIsToldRefusedAgainAndAgain() throws InterruptedException {
        linkDirectly();
        get(b.links().close());
        a.handler().expect("b", "down", "refused", "refused");
    }

    @Test
    void anotherIncarnationAtTheAddressIsRefusedLikeADeadPeer() throws InterruptedException {
        a.links()
                .wanted(List.of(new io.tuskmq.cluster.Peer(
                        77, "old b", b.peer().host(), b.peer().port())));
        a.handler().expect("old b", "refused");
        b.handler().expectNothing("a", 100);
    }

    @Test
    void whoDoesNotKnowTheSecretIsNotLetIn() throws InterruptedException {
        Node stranger = fixture.start(3, "c", "another".getBytes(StandardCharsets.UTF_8));
        stranger.links().wanted(List.of(b.peer()));
        a.links().wanted(List.of(stranger.peer()));
        b.handler().expectNothing("c", 800);
        stranger.handler().expectNothing("b", 1);
        stranger.handler().expectNothing("a", 1);
        a.handler().expectNothing("c", 1);
        a.links().wanted(List.of(b.peer()));
        a.handler().expect("b", "up");
    }

    @Test
    void aPeerThatIsNotWantedAnyMoreIsLetGoWithoutAWord() throws InterruptedException {
        b.handler().onAsked = body -> Promise.<Buffer>promise().future();
        link();
        b.links().wanted(List.of(a.peer()));
        a.handler().expect("b", "heard");
        b.handler().expect("a", "up");
        Future<Buffer> asked = ask("x", 60_000);
        a.links().wanted(List.of());
        assertEquals(LinkException.Kind.DOWN, failure(asked).kind());
        assertFalse(a.links().tell(b.incarnation(), NODE, Buffer.buffer("x")));
        b.handler().expect("a", "silent");
        a.handler().expectNothing("b", 300);
        // The peer's own connection is its own affair.
        assertTrue(b.links().tell(a.incarnation(), NODE, Buffer.buffer("I still know you")));
        a.handler().expect("b", "told I still know you");
        a.links().wanted(List.of(b.peer()));
        a.handler().expect("b", "up");
    }

    @Test
    void aFullBufferSaysNoUntilHalfOfItIsGoneAndTouchesNobodyElse() throws InterruptedException {
        Node c = fixture.start(3, "c");
        AtomicInteger arrived = new AtomicInteger();
        b.handler().onTold = (from, body) -> arrived.incrementAndGet();
        a.links().wanted(List.of(fixture.disturbable(a, b), c.peer()));
        a.handler().expect("b", "up");
        a.handler().expect("c", "up");
        c.handler().expect("a", "heard");
        fixture.stall(a, b);
        Buffer body = Buffer.buffer(new byte[64 << 10]);
        int told = 0;
        while (a.links().tell(b.incarnation(), NODE, body)) {
            told++;
            // What the sockets on the way take is not counted; but some time they are full too.
            assertTrue(told < 10_000, "no limit");
        }
        assertTrue(told >= 128, "8 MB fit, and not only " + told);
        Future<Buffer> asked = ask("x", 60_000);
        assertTrue(a.links().tell(c.incarnation(), NODE, Buffer.buffer("free")));
        c.handler().expect("a", "told free");
        assertFalse(a.links().tell(b.incarnation(), NODE, Buffer.buffer("no")));
        fixture.resume(a, b);
        assertEquals("answer to x", get(asked).toString());
        assertEquals(told, arrived.get());
        assertTrue(a.links().tell(b.incarnation(), NODE, Buffer.buffer("yes")));
        a.handler().expectNothing("b", 1);
    }

    @Test
    void aFaultOfTheToldBreaksTheLinkSoThatTheGapIsKnown() throws InterruptedException {
        b.handler().onTold = (from, body) -> {
            throw new IllegalStateException("planted");
        };
        link();
        assertTrue(a.links().tell(b.incarnation(), NODE, Buffer.buffer("x")));
        a.handler().expect("b", "down", "up");
        b.handler().expect("a", "silent", "heard");
    }

    @Test
    void nothingIsHeardAfterClose() throws InterruptedException {
        b.handler().onAsked = body -> Promise.<Buffer>promise().future();
        link();
        b.links().wanted(List.of(a.peer()));
        b.handler().expect("a", "up");
        a.handler().expect("b", "heard");
        Future<Buffer> asked = ask("x", 60_000);
        long before = System.nanoTime();
        get(a.links().close());
        assertTrue(System.nanoTime() - before < TimeUnit.SECONDS.toNanos(5), "close takes its time");
        assertEquals(LinkException.Kind.DOWN, failure(asked).kind());
        assertFalse(a.links().tell(b.incarnation(), NODE, Buffer.buffer("x")));
        // Both directions, on connections of their own.
        b.handler().expectInAnyOrder("a", "silent", "down");
        a.handler().expectNothing("b", 300);
    }
}
