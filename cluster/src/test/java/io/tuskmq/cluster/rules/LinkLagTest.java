package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class LinkLagTest {
    private final LinkLag lag = new LinkLag();

    @Test
    void isHowLongTheLastByteOfALookHasWaited() {
        lag.tick(1_000, 0);
        lag.taken(400, 100);
        assertEquals(0, lag.millis());
        lag.taken(600, 250);
        assertEquals(250, lag.millis());
    }

    @Test
    void whatCameAfterTheLookDoesNotCount() {
        lag.tick(1_000, 0);
        lag.taken(1_000, 40); // although 5,000 more have come meanwhile
        assertEquals(40, lag.millis());
        lag.tick(5_000, 500);
        lag.taken(4_999, 530);
        assertEquals(40, lag.millis()); // one byte of those still waits
        lag.taken(1, 560);
        assertEquals(60, lag.millis());
    }

    @Test
    void growsWhileThePeerTakesNothing() {
        lag.tick(1_000, 0);
        lag.tick(2_000, 500);
        lag.tick(3_000, 1_000);
        assertEquals(1_000, lag.millis());
    }

    @Test
    void isOverWhenNothingWaits() {
        lag.tick(1_000, 0);
        lag.taken(1_000, 900);
        lag.tick(0, 1_000);
        assertEquals(0, lag.millis());
    }
}
