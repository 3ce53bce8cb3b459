package io.tuskmq.node.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.rules.LaneWatch.Complete;
import io.tuskmq.storage.Leases.LaneState;
import java.util.List;
import org.junit.jupiter.api.Test;

/** I2: forwards that are missing are noticed, whatever the reason; and nothing is called complete before. */
class LaneWatchTest {
    private static final long SELF = 7;
    private static final long OTHER = 8;
    private final LaneWatch watch = new LaneWatch();

    private LaneWatch.Verdict beat(LaneState... lanes) {
        return watch.heartbeat(List.of(lanes), SELF);
    }

    private static LaneState lane(long owner, long head, long last) {
        return new LaneState(1, owner, head, last);
    }

    @Test
    void aFrameContinuesWhatWasHandled() {
        assertFalse(watch.continues(1, 100), "a lane never heard of");
        watch.handled(1, 100);
        assertTrue(watch.continues(1, 100));
        assertTrue(watch.continues(1, 50), "some of it is known already");
        assertFalse(watch.continues(1, 101), "something between is missing");
    }

    @Test
    void whatCarriedNoMessageIsComplete() {
        watch.handled(1, 100);
        var verdict = beat(lane(OTHER, 200, 100));
        assertEquals(List.of(), verdict.missing());
        assertEquals(List.of(new Complete(1, 200)), verdict.complete());
        assertTrue(watch.continues(1, 200));
    }

    @Test
    void aForwardMayBeOnItsWayForOneHeartbeat() {
        watch.handled(1, 100);
        var first = beat(lane(OTHER, 200, 150));
        assertEquals(List.of(), first.missing());
        assertEquals(List.of(), first.complete());
        var second = beat(lane(OTHER, 300, 300));
        assertEquals(List.of(1), second.missing(), "what was there a heartbeat ago has not come");
        assertEquals(List.of(new Complete(1, 300)), second.complete());
    }

    @Test
    void aBusyLaneWhoseForwardsComeMissesNothing() {
        for (long id = 100; id < 1_000; id += 100) {
            watch.handled(1, id);
            assertEquals(List.of(), beat(lane(OTHER, id + 90, id + 90)).missing());
        }
    }

    @Test
    void nobodyForwardsForAnOwnerThatIsGone() {
        watch.handled(1, 100);
        assertEquals(List.of(1), beat(lane(0, 150, 150)).missing());
        assertEquals(List.of(), beat(lane(0, 900, 150)).missing(), "it was read, and its head moves by itself");
    }

    @Test
    void itsOwnLanesAreOfNoConcern() {
        assertEquals(List.of(), beat(lane(SELF, 900, 900)).missing());
        assertEquals(List.of(), beat(lane(SELF, 900, 900)).complete());
    }
}
