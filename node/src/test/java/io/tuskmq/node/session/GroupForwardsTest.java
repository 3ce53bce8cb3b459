package io.tuskmq.node.session;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.rules.Event;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogId;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which messages a group in memory has dealt when a stored one follows it. */
final class GroupForwardsTest {
    private final GroupForwards forwards = new GroupForwards();

    private static long id(long number) {
        return LogId.first(1_700_000_000_000L + number, 3);
    }

    private Message arrives(long number) {
        Message message = Message.of("t", new byte[0], 1, false);
        assertTrue(forwards.take(new Event.Arrived(id(number), message, List.of(), 0)));
        return message;
    }

    private boolean has(long number) {
        return forwards.has(id(number));
    }

    @Test
    void whatItTookInIsItsOwn() {
        arrives(1);
        forwards.track();
        arrives(2);
        forwards.followedAfter(new LaneVector());
        assertTrue(has(1));
        assertTrue(has(2));
        assertFalse(has(0));
        assertFalse(has(3));
    }

    /** I2: it was between two that came, and so it counted as dealt, by nobody. */
    @Test
    void aMessageWhoseForwardWasLostIsTheStoredGroups() {
        arrives(1);
        forwards.track();
        arrives(2);
        arrives(4);
        forwards.followedAfter(new LaneVector());
        assertFalse(has(3), "its forward was lost");
        assertTrue(has(4));
    }

    /** The stored group was asked for again: what came since the first time was noted. */
    @Test
    void askingAgainForgetsNothing() {
        forwards.track();
        arrives(1);
        forwards.track();
        arrives(3);
        assertTrue(has(1));
        assertFalse(has(2));
    }
}
