package io.tuskmq.node.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.rules.IdHolders.Said;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Whom to ask to let go of a client id (I5). */
class IdHoldersTest {
    private static final Said NOTHING = new Said.Nothing();
    private static final Said NOBODY = new Said.At(OptionalLong.empty());

    private final IdHolders three = IdHolders.NONE.heartbeat(Set.of(2L, 3L, 4L));

    private static Said at(long incarnation) {
        return new Said.At(OptionalLong.of(incarnation));
    }

    @Test
    void asksTheOneThatTheMapNames() {
        assertEquals(Set.of(3L), three.toAsk(at(3), Set.of()));
        assertEquals(Set.of(), three.toAsk(NOBODY, Set.of()));
    }

    @Test
    void asksAllWhenTheMapDoesNotAnswer() {
        assertEquals(Set.of(2L, 3L, 4L), three.toAsk(NOTHING, Set.of()));
    }

    @Test
    void asksAllWhenANodeThatHasEndedWroteTheEntry() {
        assertEquals(Set.of(2L, 3L, 4L), three.toAsk(at(1), Set.of()));
    }

    @Test
    void asksThoseTooWhoseConnectionsTheMapDoesNotShow() {
        assertEquals(Set.of(2L, 3L), three.toAsk(at(3), Set.of(2L, 9L)));
        assertEquals(Set.of(2L), three.toAsk(NOBODY, Set.of(2L)));
    }

    @Test
    void looksOnceMoreForANodeThatTheLastHeartbeatAloneHasMissed() {
        IdHolders once = three.heartbeat(Set.of(2L, 3L));
        assertTrue(once.mustLookFirst(at(4)));
        assertTrue(once.mustLookFirst(NOTHING));
        assertFalse(once.mustLookFirst(at(3)));
        assertFalse(once.mustLookFirst(NOBODY));
        IdHolders twice = once.heartbeat(Set.of(2L, 3L));
        assertFalse(twice.mustLookFirst(at(4)));
        assertFalse(twice.mustLookFirst(NOTHING));
    }

    @Test
    void findsANodeAgainThatHasRenewedItsLease() {
        IdHolders back = three.heartbeat(Set.of(2L, 3L)).heartbeat(Set.of(2L, 3L, 4L));
        assertFalse(back.mustLookFirst(at(4)));
        assertEquals(Set.of(4L), back.toAsk(at(4), Set.of()));
    }
}
