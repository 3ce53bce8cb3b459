package io.tuskmq.node.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Whom a node takes for dead before its lease has ended. */
class PeerWatchTest {
    private static final long PATIENCE = 3_000;
    private final PeerWatch watch = new PeerWatch(PATIENCE);

    private List<Long> victims(long now, Long... apart) {
        return watch.victims(List.of(1L, 2L), List.of(apart), true, now);
    }

    @Test
    void takesAPeerForDeadThatCouldNotBeReachedForAsLongAsALease() {
        watch.linked(1);
        assertEquals(List.of(), victims(0, 1L));
        assertEquals(List.of(), victims(PATIENCE - 1, 1L));
        assertEquals(List.of(1L), victims(PATIENCE, 1L));
    }

    @Test
    void beginsAnewWhenThePeerWasReachedMeanwhile() {
        watch.linked(1);
        victims(0, 1L);
        watch.linked(1);
        assertEquals(List.of(), victims(PATIENCE - 1, 1L));
        assertEquals(List.of(), victims(PATIENCE, 1L));
    }

    @Test
    void takesAPeerForDeadAtOnceThatRefusesConnections() {
        watch.refused(2);
        assertEquals(List.of(2L), victims(0, 2L));
    }

    @Test
    void leavesAPeerAloneThatIsStillJoining() {
        assertEquals(List.of(), victims(0, 1L));
        assertEquals(List.of(), victims(100 * PATIENCE, 1L));
    }

    @Test
    void takesNobodyForDeadBeforeItServes() {
        watch.linked(1);
        watch.refused(2);
        watch.victims(List.of(1L, 2L), List.of(1L, 2L), false, 0);
        assertEquals(List.of(), watch.victims(List.of(1L, 2L), List.of(1L, 2L), false, 10 * PATIENCE));
    }

    @Test
    void forgetsARefusalWhenThePeerIsLinkedAgain() {
        watch.refused(1);
        watch.linked(1);
        assertEquals(List.of(), victims(0, 1L));
    }
}
