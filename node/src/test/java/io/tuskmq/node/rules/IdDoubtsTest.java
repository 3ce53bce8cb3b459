package io.tuskmq.node.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which nodes have connections that the map of client ids doesn't show. */
class IdDoubtsTest {
    private final IdDoubts here = new IdDoubts();
    private final IdDoubts there = new IdDoubts();

    @Test
    void aNodeIsInDoubtUntilTheMapShowsAllItsConnections() {
        there.said(1, here.begin("a", -9));
        there.said(1, here.begin("b", -8));
        assertEquals(Set.of(1L), there.doubting());
        here.settle("a", -9);
        there.said(1, here.word());
        assertEquals(Set.of(1L), there.doubting());
        here.settle("b", -8);
        there.said(1, here.word());
        assertEquals(Set.of(), there.doubting());
    }

    @Test
    void aWordThatComesLateDoesNotEndANewDoubt() {
        here.begin("a", -9);
        here.settle("a", -9);
        IdDoubts.Word settled = here.word();
        there.said(1, here.begin("b", -8));
        there.said(1, settled);
        assertEquals(Set.of(1L), there.doubting());
    }

    @Test
    void aWordThatComesTwiceBringsNoDoubtBack() {
        IdDoubts.Word first = here.begin("a", -9);
        here.settle("a", -9);
        there.said(1, here.word());
        there.said(1, first);
        assertEquals(Set.of(), there.doubting());
    }

    @Test
    void theEndOfAnOlderConnectionSettlesNothing() {
        there.said(1, here.begin("a", -9));
        there.said(1, here.begin("a", -8));
        here.settle("a", -9);
        there.said(1, here.word());
        assertEquals(Set.of(1L), there.doubting());
    }

    @Test
    void aNodeThatIsGoneIsNotAsked() {
        there.said(1, here.begin("a", -9));
        there.retain(Set.of(2L));
        assertEquals(Set.of(), there.doubting());
    }
}
