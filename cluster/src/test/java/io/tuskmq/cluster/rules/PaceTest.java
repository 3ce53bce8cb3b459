package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PaceTest {
    private final Pace pace = new Pace(new Pace.Marks(100, 50, 300, 2_000, 10));

    @Test
    void holdsFromTheHighMarkOnUntilLessThanTheLowMarkWaits() {
        assertTrue(pace.offer(99));
        assertFalse(pace.holds());
        assertTrue(pace.offer(1));
        assertTrue(pace.holds());
        assertFalse(pace.taken(50), "50 wait");
        assertTrue(pace.holds());
        assertTrue(pace.taken(1), "the senders are told");
        assertFalse(pace.holds());
        assertFalse(pace.taken(1), "once");
    }

    @Test
    void whatIsUnderWayWhenSendersAreToldToWaitIsTakenInUpToTheLimit() {
        assertTrue(pace.offer(299));
        assertTrue(pace.offer(500), "of any size");
        assertFalse(pace.offer(1));
        assertEquals(799, pace.bytes());
    }

    @Test
    void nobodyWaitsForAPeerThatTakesNextToNothing() {
        pace.offer(200);
        assertFalse(pace.tick(1_000));
        pace.taken(9);
        assertFalse(pace.tick(2_999));
        assertTrue(pace.tick(3_000), "the senders are told");
        assertFalse(pace.holds());
        assertFalse(pace.offer(1), "refused until it has caught up");
        assertFalse(pace.tick(9_000), "once");
        assertFalse(pace.taken(150), "nobody waits");
        assertTrue(pace.offer(1));
    }

    @Test
    void timeInWhichTheSenderStoodStillIsNotThePeers() {
        pace.offer(200);
        assertFalse(pace.tick(1_000));
        assertFalse(pace.tick(11_000));
        assertTrue(pace.holds());
        assertFalse(pace.tick(12_000));
        assertTrue(pace.tick(13_000));
    }

    @Test
    void aSlowPeerIsWaitedForAsLongAsItTakesSomething() {
        pace.offer(200);
        for (long now = 0; now < 20_000; now += 1_900) {
            assertFalse(pace.tick(now));
            assertTrue(pace.holds());
            pace.offer(10);
            pace.taken(10);
        }
    }

    /** Else publishers would rest for good beside an empty link. */
    @Test
    void neverHoldsWhenNothingWaits() throws InterruptedException {
        int rounds = 200_000;
        CountDownLatch done = new CountDownLatch(2);
        Runnable sender = () -> {
            for (int i = 0; i < rounds; i++) {
                if (pace.offer(100)) {
                    pace.taken(100);
                }
            }
            done.countDown();
        };
        Thread.ofPlatform().start(sender);
        Thread.ofPlatform().start(sender);
        assertTrue(done.await(60, TimeUnit.SECONDS));
        assertEquals(0, pace.bytes());
        assertFalse(pace.holds());
    }
}
