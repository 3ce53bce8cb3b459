package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class KeepAliveTest {
    private final KeepAlive keepAlive = new KeepAlive(500, 3_000, 0);

    @Test
    void aPeerThatSaysNothingIsSilentWhenTheTimeIsOver() {
        for (long now = 500; now < 3_000; now += 500) {
            assertFalse(keepAlive.isSilent(now));
        }
        assertTrue(keepAlive.isSilent(3_000));
    }

    @Test
    void everyByteCounts() {
        for (long now = 500; now < 10_000; now += 500) {
            keepAlive.heard(now);
            assertFalse(keepAlive.isSilent(now));
        }
        assertFalse(keepAlive.isSilent(12_000));
    }

    @Test
    void timeInWhichThisProcessStoodStillDoesNotCount() {
        assertFalse(keepAlive.isSilent(500));
        assertFalse(keepAlive.isSilent(60_000));
        for (long now = 60_500; now < 62_000; now += 500) {
            assertFalse(keepAlive.isSilent(now), "at " + now);
        }
        assertTrue(keepAlive.isSilent(62_000));
    }

    @Test
    void aTickThatIsALittleLateCounts() {
        for (long now = 900; now < 3_000; now += 900) {
            assertFalse(keepAlive.isSilent(now));
        }
        assertTrue(keepAlive.isSilent(3_000));
    }
}
