package io.tuskmq.cluster.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class RouteAcksTest {
    private final RouteAcks<String> acks = new RouteAcks<>();

    @Test
    void waitsUntilEachPeerHasAppliedTheBatch() {
        assertTrue(acks.await("w", 5, List.of(1L, 2L)));
        assertEquals(List.of(), acks.applied(1, 4));
        assertEquals(List.of(), acks.applied(1, 9));
        assertEquals(List.of(), acks.applied(2, 4));
        assertEquals(List.of("w"), acks.applied(2, 5));
    }

    @Test
    void nobodyWaitsForWhatIsApplied() {
        acks.applied(1, 5);
        assertFalse(acks.await("w", 5, List.of(1L)));
        assertFalse(acks.await("w", 7, List.of()));
        assertFalse(acks.await("w", 0, List.of(3L)));
        assertTrue(acks.await("w", 6, List.of(1L)));
    }

    @Test
    void anOlderAcknowledgementTakesNothingBack() {
        acks.applied(1, 5);
        acks.applied(1, 3);
        assertFalse(acks.await("w", 5, List.of(1L)));
    }

    @Test
    void aPeerThatIsGoneIsNotWaitedFor() {
        acks.await("both", 5, List.of(1L, 2L));
        acks.await("alone", 6, List.of(1L));
        assertEquals(List.of("alone"), acks.gone(1));
        assertEquals(List.of("both"), acks.applied(2, 5));
    }

    /** Who came later waits for the peer that came between; who came earlier doesn't. */
    @Test
    void eachWaitsForThePeersOfItsOwnTime() {
        acks.await("early", 5, List.of(1L));
        acks.await("late", 5, List.of(1L, 2L));
        acks.await("later", 5, List.of(1L, 2L));
        assertEquals(List.of("early"), acks.applied(1, 8));
        assertEquals(List.of("late", "later"), acks.applied(2, 8));
    }
}
