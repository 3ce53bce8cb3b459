package io.tuskmq.node.rules;

import static io.tuskmq.node.rules.SessionFixture.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.LogReader.Position;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Sessions;
import io.tuskmq.storage.rules.LaneVector;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A member of a shared subscription, and the group's own session. */
class SessionDealTest {
    private record Ticket(int number) implements Deal {
        @Override
        public long groupId() {
            return 70L + number;
        }

        @Override
        public long groupEpoch() {
            return 3;
        }
    }

    private static final long AT = id(1, 9);

    private final Subscription shared = new Subscription("t", "g", 2, false, false, 0, 3, FILTER, new LaneVector());
    private final Deal deal = new Ticket(1);

    private Event.Dealt dealt(int qos) {
        return new Event.Dealt(deal, AT, FILTER, message("t", qos), shared, NOW);
    }

    @Test
    void aQos0MessageIsSettledWhenSent() {
        Session member = starting().subscribed(shared).live();
        List<Effect> effects = on(member, dealt(0));
        assertEquals(
                List.of(3), one(Effect.SendPublish.class, effects).subscriptionIds(), "with the subscription's id");
        one(Effect.DealSettled.class, effects);
    }

    /** It stays the group's until then: no checkpoint of the member's has it. */
    @Test
    void aQos1MessageIsSettledByItsPubAckAndNeverStored() {
        Session member = starting().subscribed(shared).live();
        Effect.SendPublish sent = one(Effect.SendPublish.class, on(member, dealt(1)));
        assertEquals(0, member.checkpointNow().inflight().length);
        assertEquals(
                List.of(new Effect.DealSettled(deal)),
                of(Effect.DealSettled.class, on(member, new Event.PubAckReceived(sent.packetId(), 0))));
    }

    /** [MQTT5-4.8.2-4] It is the member's alone once it may have seen it: one transaction makes it its own and takes it from the group. */
    @Test
    void aQos2MessageIsSentAfterItWasTakenOver() {
        Session member = starting().subscribed(shared).live();
        Effect.Checkpoint checkpoint = one(Effect.Checkpoint.class, on(member, dealt(2)));
        assertEquals(List.of(new Sessions.Take(71, 3, AT)), checkpoint.takes());
        assertTrue(checkpoint.inflight().length > 0);
        List<Effect> effects = on(member, done(checkpoint));
        assertEquals(new Effect.DealTaken(deal), effects.getFirst());
        assertEquals(2, one(Effect.SendPublish.class, effects).qos());
        assertTrue(member.checkpointNow().inflight().length > 0);
    }

    @Test
    void aQos2MessageThatWasNotTakenGoesBackWithTheConnection() {
        Session member = starting().subscribed(shared).live();
        one(Effect.Checkpoint.class, on(member, dealt(2)));
        assertEquals(0, member.checkpointNow().inflight().length, "the group still has it, and deals it again");
    }

    /** Its coordinator was fenced: another one deals the message again. */
    @Test
    void aRefusedTakeIsNeverSentAndHoldsNothingUp() {
        Session both = starting().subscribed(shared, logged("own", 2)).live();
        Effect.Checkpoint first = one(Effect.Checkpoint.class, on(both, dealt(2)));
        on(both, arrived(id(2, 1), message("own", 2), logged("own", 2)));
        List<Effect> effects = on(both, new Event.TakesRefused(first.number(), NOW));
        assertEquals(List.of(new Effect.DealReturned(deal)), of(Effect.DealReturned.class, effects));
        Effect.Checkpoint next = one(Effect.Checkpoint.class, effects);
        assertEquals(List.of(), next.takes());
        assertEquals(
                "own",
                one(Effect.SendPublish.class, on(both, done(next))).message().topic());
    }

    @Test
    void aTakenMessageIsResumedAsOwn() {
        Session member = starting().subscribed(shared).live();
        on(member, done(one(Effect.Checkpoint.class, on(member, dealt(2)))));
        Session resumed = starting().after(member).session(SESSION);
        one(Effect.Fetch.class, on(resumed, new Event.Started(NOW)));
        Message message = message("t", 2);
        Effect.SendPublish sent =
                one(Effect.SendPublish.class, on(resumed, new Event.Fetched(List.of(Optional.of(message)), NOW)));
        assertTrue(sent.dup());
        assertEquals(2, sent.qos());
    }

    @Test
    void aDealForAForgottenSubscriptionIsReturned() {
        Session member = starting().live();
        assertEquals(List.of(new Effect.DealReturned(deal)), on(member, dealt(1)));
    }

    @Test
    void whatWasDealtDoesNotMoveTheCursor() {
        Session member = starting().subscribed(shared).receiveMax(1).live();
        long[] before = member.checkpointNow().cursor();
        on(member, dealt(1));
        on(member, new Event.Dealt(new Ticket(2), id(1, 10), FILTER, message("t", 1), shared, NOW));
        assertEquals(
                new LaneVector(before), new LaneVector(member.checkpointNow().cursor()));
    }

    /** The note that a message was taken must stay until no stored state of the group has the message. */
    @Test
    void theGroupForgetsWhatWasTakenWhenItsCheckpointIsIn() {
        Session group = starting().subscribed(logged("t", 1)).live();
        Effect.SendPublish sent =
                one(Effect.SendPublish.class, on(group, arrived(AT, message("t", 2), logged("t", 1))));
        assertEquals(Optional.of(new Position(FILTER, AT)), group.positionOf(sent.packetId()));
        assertEquals(List.of(), of(Effect.ForgetTaken.class, on(group, new Event.Taken(sent.packetId()))));
        Effect.Checkpoint checkpoint = one(Effect.Checkpoint.class, on(group, new Event.Tick(NOW)));
        assertEquals(0, checkpoint.inflight().length);
        assertEquals(List.of(new Effect.ForgetTaken(List.of(AT))), on(group, done(checkpoint)));
    }
}
