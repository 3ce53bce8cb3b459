package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class WaitingBytesTest {
    private final WaitingBytes waiting = new WaitingBytes(100);

    @Test
    void isFullFromTheLimitOnUntilLessThanHalfWaits() {
        assertTrue(waiting.offer(60));
        assertTrue(waiting.offer(60));
        assertFalse(waiting.offer(1));
        waiting.taken(60);
        assertFalse(waiting.offer(1), "60 wait");
        waiting.taken(10);
        assertFalse(waiting.offer(1), "50 wait");
        waiting.taken(1);
        assertTrue(waiting.offer(1));
        assertEquals(50, waiting.bytes());
    }

    @Test
    void oneLargePieceGoesThroughWhenThereIsRoom() {
        assertTrue(waiting.offer(10_000));
        assertFalse(waiting.offer(1));
    }

    @Test
    void whatMustGoIsCountedButNotRefused() {
        waiting.add(500);
        assertFalse(waiting.offer(1));
        waiting.add(500);
        waiting.taken(1_000);
        assertTrue(waiting.offer(1));
    }

    /** Whoever says "full" while the last bytes are being taken must not leave it so. */
    @Test
    void neverStaysFullWhenNothingWaits() throws InterruptedException {
        AtomicLong in = new AtomicLong();
        Thread[] threads = new Thread[3];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = Thread.ofPlatform().start(() -> {
                for (int n = 0; n < 200_000; n++) {
                    if (waiting.offer(60)) {
                        in.incrementAndGet();
                        waiting.taken(60);
                    }
                }
            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(0, waiting.bytes());
        assertTrue(in.get() > 0);
        assertTrue(waiting.offer(1), "full for ever");
    }
}
