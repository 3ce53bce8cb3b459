package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tuskmq.cluster.rules.Redial.Next;
import org.junit.jupiter.api.Test;

class RedialTest {
    private final Redial redial = new Redial();

    @Test
    void waitsTwiceAsLongEachTimeButNeverMoreThanASecond() {
        long[] delays = {100, 200, 400, 800, 1_000, 1_000};
        for (long delay : delays) {
            assertEquals(new Next(delay, false), redial.failed(false, 0));
        }
    }

    @Test
    void threeRefusalsInARowMeanThatNobodyIsThere() {
        assertEquals(new Next(100, false), redial.failed(true, 0));
        assertEquals(new Next(200, false), redial.failed(true, 100));
        assertEquals(new Next(400, true), redial.failed(true, 300));
    }

    @Test
    void anotherFailureBetweenMeansThatNothingIsKnown() {
        redial.failed(true, 0);
        redial.failed(true, 100);
        redial.failed(false, 300);
        assertEquals(new Next(100, false), redial.failed(true, 1_000));
        assertEquals(new Next(200, false), redial.failed(true, 1_100));
        assertEquals(new Next(400, true), redial.failed(true, 1_300));
    }

    @Test
    void aFirstRefusalAfterLongWaitsIsLookedAtQuickly() {
        for (int i = 0; i < 10; i++) {
            redial.failed(false, i);
        }
        assertEquals(100, redial.failed(true, 10_000).delayMillis());
        assertEquals(200, redial.failed(true, 10_100).delayMillis());
    }

    @Test
    void refusalIsToldAgainOnceASecond() {
        redial.failed(true, 0);
        redial.failed(true, 100);
        assertEquals(new Next(400, true), redial.failed(true, 300));
        assertEquals(new Next(800, false), redial.failed(true, 700));
        assertEquals(new Next(1_000, true), redial.failed(true, 1_500));
        assertEquals(new Next(1_000, true), redial.failed(true, 2_500));
    }

    @Test
    void aConnectionThatStoodIsMadeAnewAtOnce() {
        redial.failed(true, 0);
        redial.failed(true, 100);
        assertEquals(0, redial.broke(1_000));
        assertEquals(new Next(100, false), redial.failed(true, 2_000));
    }

    @Test
    void connectionsThatDoNotStandForLongAreNotMadeInATightLoop() {
        assertEquals(100, redial.broke(5));
        assertEquals(200, redial.broke(5));
        assertEquals(400, redial.broke(5));
        assertEquals(0, redial.broke(60_000));
    }
}
