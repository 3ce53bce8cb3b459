package io.tuskmq.cluster.links;

import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Two nodes on loopback, in one process: how many frames of 200 bytes go from one to the other in a second when two threads tell all they can, and
 * how long an ask takes at 2,000 per second. Arguments: seconds (default 10).
 */
final class LinksBenchmark {
    private static final int BODY_BYTES = 200;
    private static final int ASKS_PER_SECOND = 2_000;
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final byte[] SECRET = "benchmark".getBytes(StandardCharsets.UTF_8);

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(2));
    private final TcpLinks from = new TcpLinks(vertx, TcpLinks.Options.of("127.0.0.1", 0));
    private final TcpLinks to = new TcpLinks(vertx, TcpLinks.Options.of("127.0.0.1", 0));
    private final AtomicLong arrived = new AtomicLong();
    private final CountDownLatch up = new CountDownLatch(1);

    public static void main(String[] args) throws InterruptedException {
        new LinksBenchmark().run(args.length > 0 ? Integer.parseInt(args[0]) : 10);
    }

    private void run(int seconds) throws InterruptedException {
        int fromPort = LinksFixture.get(from.listen(new Ends()));
        int toPort = LinksFixture.get(to.listen(new Ends()));
        from.self(new Peer(1, "from", "127.0.0.1", fromPort), SECRET);
        to.self(new Peer(2, "to", "127.0.0.1", toPort), SECRET);
        from.wanted(List.of(new Peer(2, "to", "127.0.0.1", toPort)));
        up.await();
        throughput(seconds);
        throughput(seconds);
        latency(seconds);
        LinksFixture.get(from.close());
        LinksFixture.get(to.close());
        LinksFixture.get(vertx.close());
    }

    private void throughput(int seconds) throws InterruptedException {
        long before = arrived.get();
        long start = System.nanoTime();
        AtomicLong refused = new AtomicLong();
        Thread[] threads = new Thread[2];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = Thread.ofPlatform().start(() -> tellUntil(start + seconds * SECOND_NANOS, refused));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        long nanos = System.nanoTime() - start;
        System.out.printf(
                "%,d frames/s of %d bytes; full %,d times%n",
                (arrived.get() - before) * SECOND_NANOS / nanos, BODY_BYTES, refused.get());
    }

    private void tellUntil(long deadline, AtomicLong refused) {
        Buffer body = Buffer.buffer(new byte[BODY_BYTES]);
        while (System.nanoTime() < deadline) {
            if (!from.tell(2, Links.NODE, body)) {
                refused.incrementAndGet();
                LockSupport.parkNanos(100_000);
            }
        }
    }

    private void latency(int seconds) throws InterruptedException {
        int count = seconds * ASKS_PER_SECOND;
        long[] micros = new long[count];
        CountDownLatch answered = new CountDownLatch(count);
        Buffer body = Buffer.buffer(new byte[BODY_BYTES]);
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            int index = i;
            long due = start + i * SECOND_NANOS / ASKS_PER_SECOND;
            while (System.nanoTime() < due) {
                LockSupport.parkNanos(50_000);
            }
            long sent = System.nanoTime();
            from.ask(2, Links.NODE, body, 60_000).onComplete(answer -> {
                micros[index] = (System.nanoTime() - sent) / 1_000;
                answered.countDown();
            });
        }
        answered.await();
        Arrays.sort(micros);
        System.out.printf(
                "ask there and back at %,d/s: p50 %,d us, p99 %,d us, max %,d us%n",
                ASKS_PER_SECOND, micros[count / 2], micros[count * 99 / 100], micros[count - 1]);
    }

    /** Counts. */
    private final class Ends implements Links.Handler {
        @Override
        public void up(Peer peer) {
            up.countDown();
        }

        @Override
        public void down(Peer peer, boolean refused) {}

        @Override
        public void heard(Peer peer) {}

        @Override
        public void silent(Peer peer) {}

        @Override
        public void told(Peer peer, byte channel, Buffer body) {
            arrived.lazySet(arrived.get() + 1);
        }

        @Override
        public Future<Buffer> asked(Peer peer, byte channel, Buffer body) {
            return Future.succeededFuture(body);
        }
    }
}
