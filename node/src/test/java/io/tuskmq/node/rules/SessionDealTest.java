package io.tuskmq.node.rules;

import static io.tuskmq.node.rules.SessionFixture.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.LogReader.Position;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.rules.LaneVector;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A member of a shared subscription, and the group's own session. */
class SessionDealTest {
    private record Ticket(int number) implements Deal {}

    private static final long AT = id(1, 9);

    private final Subscription shared = new Subscription("t", "g", 2, false, false, 0, 3, FILTER, new LaneVector());
    private final Deal deal = new Ticket(1);

    private Event.Dealt dealt(int qos) {
        return new Event.Dealt(deal, AT, FILTER, message("t", qos), shared, NOW);
    }

    @Test
    void aQos0MessageIsSettledWhenSent() {
        Session member = starting().subscribed(shared).live();
        List<Effect> effects = member.on(dealt(0));
        assertEquals(
                List.of(3), one(Effect.SendPublish.class, effects).subscriptionIds(), "with the subscription's id");
        one(Effect.DealSettled.class, effects);
    }

    /** It stays the group's until then: no checkpoint of the member's has it. */
    @Test
    void aQos1MessageIsSettledByItsPubAckAndNeverStored() {
        Session member = starting().subscribed(shared).live();
        Effect.SendPublish sent = one(Effect.SendPublish.class, member.on(dealt(1)));
        assertEquals(0, member.checkpointNow().inflight().length);
        assertEquals(
                List.of(new Effect.DealSettled(deal)),
                of(Effect.DealSettled.class, member.on(new Event.PubAckReceived(sent.packetId(), 0))));
    }

    /** [MQTT5-4.8.2-4] It is the member's alone once it may have seen it: first durably its own, then let go of, then sent. */
    @Test
    void aQos2MessageIsSentAfterBothHaveWrittenIt() {
        Session member = starting().subscribed(shared).live();
        Effect.Checkpoint checkpoint = one(Effect.Checkpoint.class, member.on(dealt(2)));
        assertEquals(Set.of(new Position(FILTER, AT)), Session.takenPositions(checkpoint.inflight()));
        List<Effect> effects = member.on(done(checkpoint));
        assertEquals(List.of(new Effect.DealTaken(deal)), effects);
        effects = member.on(new Event.DealReleased(deal));
        assertEquals(2, one(Effect.SendPublish.class, effects).qos());
    }

    @Test
    void aQos2MessageThatWasNotTakenGoesBackWithTheConnection() {
        Session member = starting().subscribed(shared).live();
        Effect.Checkpoint checkpoint = one(Effect.Checkpoint.class, member.on(dealt(2)));
        assertEquals(0, member.checkpointNow().inflight().length, "the group still has it, and deals it again");
        member.on(done(checkpoint));
        assertEquals(
                Set.of(new Position(FILTER, AT)),
                Session.takenPositions(member.checkpointNow().inflight()),
                "taken: the group forgets it");
    }

    @Test
    void aTakenMessageIsResumedAsOwn() {
        Session member = starting().subscribed(shared).live();
        member.on(done(one(Effect.Checkpoint.class, member.on(dealt(2)))));
        Session resumed = starting().after(member).session(SESSION);
        one(Effect.Fetch.class, resumed.on(new Event.Started(NOW)));
        Message message = message("t", 2);
        Effect.SendPublish sent =
                one(Effect.SendPublish.class, resumed.on(new Event.Fetched(List.of(Optional.of(message)), NOW)));
        assertTrue(sent.dup());
        assertEquals(2, sent.qos());
    }

    @Test
    void aDealForAForgottenSubscriptionIsReturned() {
        Session member = starting().live();
        assertEquals(List.of(new Effect.DealReturned(deal)), member.on(dealt(1)));
    }

    @Test
    void whatWasDealtDoesNotMoveTheCursor() {
        Session member = starting().subscribed(shared).receiveMax(1).live();
        long[] before = member.checkpointNow().cursor();
        member.on(dealt(1));
        member.on(new Event.Dealt(new Ticket(2), id(1, 10), FILTER, message("t", 1), shared, NOW));
        assertEquals(
                new LaneVector(before), new LaneVector(member.checkpointNow().cursor()));
    }

    @Test
    void theGroupLetsGoDurably() {
        Session group = starting().subscribed(logged("t", 1)).live();
        Effect.SendPublish sent = one(Effect.SendPublish.class, group.on(arrived(AT, message("t", 2), logged("t", 1))));
        assertEquals(Optional.of(new Position(FILTER, AT)), group.positionOf(sent.packetId()));
        Effect.Checkpoint checkpoint = one(Effect.Checkpoint.class, group.on(new Event.Taken(sent.packetId())));
        assertTrue(checkpoint.durable());
        assertEquals(0, checkpoint.inflight().length);
        assertEquals(List.of(new Effect.TakenDurably(sent.packetId())), group.on(done(checkpoint)));
    }
}
