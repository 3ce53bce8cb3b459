package io.tuskmq.node.rules;

import static io.tuskmq.node.rules.SessionFixture.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Message;
import io.tuskmq.storage.rules.LaneVector;
import java.util.List;
import org.junit.jupiter.api.Test;

/** SUBSCRIBE, UNSUBSCRIBE, overlapping subscriptions and their options. */
class SubscribeTest {
    private final Subscription asked = subscription("t", 1, 0);
    private final Subscription stored = logged("t", 1);

    private static Event.SubscribeReceived subscribe(int packetId, Subscription... subscriptions) {
        return new Event.SubscribeReceived(
                packetId, List.of(subscriptions), java.util.Collections.nCopies(subscriptions.length, 0));
    }

    private static Subscription options(String filter, int qos, boolean noLocal, boolean rap, int handling, int id) {
        return new Subscription(filter, "", qos, noLocal, rap, handling, id, 0, new LaneVector());
    }

    /** [MQTT-3.8.4-1] [MQTT5-3.8.4-1] I7: SUBACK after the store, retained messages after SUBACK, then the log. */
    @Test
    void aStoredSessionAnswersWhenTheSubscriptionIsStored() {
        Session session = starting().live();
        assertEquals(
                List.of(new Effect.AddRoute(asked), new Effect.StoreSubscriptions(3, List.of(asked))),
                on(session, subscribe(3, asked)));
        var effects = on(session, new Event.Subscribed(3, List.of(stored)));
        assertEquals(
                List.of(
                        new Effect.AddRoute(stored),
                        new Effect.SendSubAck(3, List.of(1)),
                        new Effect.SendRetained(stored)),
                effects.subList(0, 3));
        one(Effect.ReadLog.class, effects);
        assertEquals(List.of(stored), session.subscriptions());
    }

    /** The small limits allow four. */
    @Test
    void refusesSubscriptionsAboveTheLimit() {
        Session session = starting().limits(small(9, 9)).clean();
        on(session, subscribe(1, subscription("a", 0, 0), subscription("b", 0, 0), subscription("c", 0, 0)));
        var effects = on(
                session,
                subscribe(
                        2,
                        subscription("b", 0, 0),
                        subscription("d", 0, 0),
                        subscription("d", 1, 0),
                        subscription("e", 0, 0)));
        assertEquals(
                List.of(0, 0, 1, ReasonCodes.QUOTA_EXCEEDED),
                one(Effect.SendSubAck.class, effects).reasons(),
                "those that are there may be replaced");
        assertEquals(4, session.subscriptions().size());
    }

    /** While a subscription is being stored, live rows of older ones can't be taken: the cursor would pass by its first rows. */
    @Test
    void rowsOfANewSubscriptionAreNotMissedBetweenStoreAndAnswer() {
        Session session = starting().subscribed(logged("old", 1)).live();
        on(session, subscribe(3, asked));
        on(session, arrived(id(1, 5), message("t", 1), asked));
        on(session, arrived(id(1, 6), message("old", 1), logged("old", 1)));
        var other = subscription("t", 1, FILTER + 1);
        var effects = on(session, new Event.Subscribed(3, List.of(other)));
        assertEquals(
                id(1, 0), one(Effect.ReadLog.class, effects).ranges().getFirst().afterId());
    }

    /** A page asked for before the subscription was stored doesn't hold its rows. */
    @Test
    void aPageOnItsWayIsReadAgainAfterASubscribe() {
        Session session = starting().subscribed(logged("old", 1)).session(SESSION);
        on(session, new Event.Started(NOW));
        on(session, subscribe(3, asked));
        on(session, new Event.Subscribed(3, List.of(subscription("t", 1, FILTER + 1))));
        var effects = on(session, page(Long.MAX_VALUE, vector(id(1, 9)), row(id(1, 1), message("old", 1))));
        assertEquals(List.of(), of(Effect.SendPublish.class, effects));
        assertEquals(3, one(Effect.ReadLog.class, effects).ranges().size());
    }

    @Test
    void subscribingAgainLeavesALiveSessionLive() {
        Session session = starting().subscribed(stored).live();
        assertEquals(
                List.of(new Effect.StoreSubscriptions(3, List.of(asked))),
                on(session, subscribe(3, asked)),
                "the route stays until the new one is stored");
        assertTrue(session.isLive());
    }

    @Test
    void aSessionThatIsNotStoredAnswersAtOnce() {
        Session session = starting().clean();
        assertEquals(
                List.of(
                        new Effect.AddRoute(asked),
                        new Effect.SendSubAck(3, List.of(1)),
                        new Effect.SendRetained(asked)),
                on(session, subscribe(3, asked)));
    }

    /** [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT5-3.8.4-6]: one reason for each filter, in its order. */
    @Test
    void refusedFiltersAreAnsweredAndNotStored() {
        Session session = starting().live();
        Subscription bad = subscription("bad", 2, 0);
        var effects = on(session, new Event.SubscribeReceived(3, List.of(bad, asked), List.of(0x87, 0)));
        assertEquals(
                List.of(asked), one(Effect.StoreSubscriptions.class, effects).subscriptions());
        assertEquals(
                List.of(0x87, 1),
                one(Effect.SendSubAck.class, on(session, new Event.Subscribed(3, List.of(stored))))
                        .reasons());
        var none = on(session, new Event.SubscribeReceived(4, List.of(bad), List.of(0x87)));
        assertEquals(List.of(new Effect.SendSubAck(4, List.of(0x87))), none);
    }

    /** [MQTT-3.8.4-4]: as if they had come in packets of their own. */
    @Test
    void ofTheSameFilterTwiceInOnePacketTheLastCounts() {
        Session session = starting().live();
        Subscription second = subscription("t", 2, 0);
        var effects = on(session, subscribe(3, asked, second));
        assertEquals(
                List.of(second), one(Effect.StoreSubscriptions.class, effects).subscriptions());
        assertEquals(
                List.of(1, 2),
                one(Effect.SendSubAck.class, on(session, new Event.Subscribed(3, List.of(logged("t", 2)))))
                        .reasons());
    }

    @Test
    void changesAreStoredOneAfterTheOther() {
        Session session = starting().live();
        on(session, subscribe(3, asked));
        assertEquals(List.of(), on(session, new Event.UnsubscribeReceived(4, List.of(asked))));
        var effects = on(session, new Event.Subscribed(3, List.of(stored)));
        one(Effect.DeleteSubscriptions.class, effects);
        assertEquals(
                List.of(new Effect.RemoveRoute(stored), new Effect.SendUnsubAck(4, List.of(0))),
                on(session, new Event.Unsubscribed(4, List.of(true))));
    }

    /** I9 */
    @Test
    void tooManyPendingChangesDisconnect() {
        Session session = starting().limits(small(1, 1)).live();
        for (int id = 1; id <= 3; id++) {
            assertEquals(List.of(), of(Effect.Disconnect.class, on(session, subscribe(id, asked))));
        }
        assertEquals(
                0x97,
                one(Effect.Disconnect.class, on(session, subscribe(4, asked))).reason());
    }

    @Test
    void aSessionLostToANewerClaimEnds() {
        Session session = starting().live();
        on(session, subscribe(3, asked));
        var effects = on(session, new Event.Subscribed(3, List.of()));
        assertEquals(0x8E, one(Effect.Disconnect.class, effects).reason());
        assertEquals(List.of(), of(Effect.SendSubAck.class, effects));
    }

    /** [MQTT-3.10.4-2] [MQTT-3.10.4-5] [MQTT5-3.11.3-1] */
    @Test
    void afterUnsubscribeNothingMoreComes() {
        Session session = starting().subscribed(stored).live();
        Subscription unknown = subscription("u", 0, 0);
        on(session, new Event.UnsubscribeReceived(4, List.of(stored, unknown)));
        assertEquals(
                List.of(new Effect.RemoveRoute(stored), new Effect.SendUnsubAck(4, List.of(0, 0x11))),
                on(session, new Event.Unsubscribed(4, List.of(true, false))));
        assertEquals(List.of(), on(session, arrived(id(1, 1), message("t", 1), stored)));
    }

    // --- retained messages

    /** I6; found by the simulation of the cluster, seed 292: one waits behind retained messages, the next one comes after their end. */
    @Test
    void atMostOnceDoesNotOvertakeOneThatWaits() {
        Session session = starting().receiveMax(1).clean();
        on(session, subscribe(3, asked));
        on(session, arrived(0, message("t", 1), asked));
        on(session, arrived(0, message("t", 1), asked));
        Message first = message("t", 0);
        Message second = message("t", 0);
        assertEquals(List.of(), on(session, arrived(0, first, asked)));
        on(session, new Event.RetainedArrived(asked, List.of(), true, NOW));
        assertEquals(List.of(), on(session, arrived(0, second, asked)));
        var sent = of(Effect.SendPublish.class, on(session, new Event.PubAckReceived(1, 0)));
        assertEquals(
                List.of(first, second),
                sent.stream()
                        .filter(publish -> publish.qos() == 0)
                        .map(Effect.SendPublish::message)
                        .toList());
    }

    /** [MQTT-3.3.1-8] [MQTT5-3.3.1-9] */
    @Test
    void retainedMessagesHaveTheFlagAndTheLowerQos() {
        Session session = starting().clean();
        on(session, subscribe(3, asked));
        var retained = Message.of("t", new byte[1], 2, true);
        var effects = on(session, new Event.RetainedArrived(asked, List.of(retained), true, NOW));
        var p = one(Effect.SendPublish.class, effects);
        assertTrue(p.retain());
        assertEquals(1, p.qos());
    }

    /** I9: one page at a time, when the last one has gone out; one subscription at a time. */
    @Test
    void retainedMessagesComeAsTheClientTakesThem() {
        Session session = starting().receiveMax(1).limits(small(1, 4)).clean();
        Subscription other = subscription("u", 1, 0);
        var first = on(session, subscribe(3, asked, other));
        assertEquals(asked, one(Effect.SendRetained.class, first).subscription());
        Message r = Message.of("t", new byte[1], 1, true);
        var page = on(session, new Event.RetainedArrived(asked, List.of(r, r, r, r, r, r), false, NOW));
        assertEquals(List.of(), of(Effect.Disconnect.class, page), "a page doesn't come too fast: it was asked for");
        assertEquals(List.of(), of(Effect.MoreRetained.class, page));
        assertEquals(List.of(), of(Effect.MoreRetained.class, on(session, new Event.PubAckReceived(1, 0))));
        assertEquals(
                1,
                of(Effect.MoreRetained.class, on(session, new Event.PubAckReceived(2, 0)))
                        .size());
        var last = on(session, new Event.RetainedArrived(asked, List.of(), true, NOW));
        assertEquals(other, one(Effect.SendRetained.class, last).subscription());
    }

    /** [MQTT5-3.3.1-9] [MQTT5-3.3.1-10] [MQTT5-3.3.1-11] */
    @Test
    void retainHandlingDecidesWhetherRetainedMessagesAreSent() {
        Session session = starting().clean();
        Subscription onlyNew = options("t", 1, false, false, 1, 0);
        Subscription never = options("u", 1, false, false, 2, 0);
        assertEquals(
                1,
                of(Effect.SendRetained.class, on(session, subscribe(1, onlyNew)))
                        .size());
        on(session, new Event.RetainedArrived(onlyNew, List.of(), true, NOW));
        assertEquals(
                0,
                of(Effect.SendRetained.class, on(session, subscribe(2, onlyNew)))
                        .size());
        assertEquals(
                0,
                of(Effect.SendRetained.class, on(session, subscribe(3, never))).size());
    }

    // --- options and overlaps

    /** [MQTT-3.3.1-9] [MQTT5-3.3.1-12] [MQTT5-3.3.1-13] */
    @Test
    void retainIsKeptOnlyWhenAskedFor() {
        Message m = Message.of("t", new byte[1], 0, true);
        Session session = starting().clean();
        on(session, subscribe(1, options("t", 0, false, false, 2, 0)));
        assertTrue(!one(Effect.SendPublish.class, on(session, arrived(0, m, options("t", 0, false, false, 2, 0))))
                .retain());
        on(session, subscribe(1, options("t", 0, false, true, 2, 0)));
        assertTrue(one(Effect.SendPublish.class, on(session, arrived(0, m, options("t", 0, false, true, 2, 0))))
                .retain());
    }

    /** [MQTT5-3.8.3-3] */
    @Test
    void noLocalLeavesOutOnesOwnMessages() {
        Session session = starting().clean();
        Subscription s = options("t", 0, true, false, 2, 0);
        on(session, subscribe(1, s));
        var own = new Message("t", new byte[0], 0, false, new byte[0], 0, -1);
        assertEquals(List.of(), on(session, arrived(0, own, s)));
        assertEquals(1, on(session, arrived(0, message("t", 0), s)).size());
    }

    /** [MQTT-3.3.5-1] [MQTT5-3.3.4-2] [MQTT5-3.3.4-4]: one copy, the highest QoS, all identifiers. */
    @Test
    void overlappingSubscriptionsGetOneCopy() {
        Session session = starting().clean();
        Subscription a = options("t/#", 0, false, false, 2, 11);
        Subscription b = options("t/+", 2, false, false, 2, 0);
        Subscription c = options("t/x", 1, false, false, 2, 13);
        on(session, subscribe(1, a, b, c));
        var p = one(Effect.SendPublish.class, on(session, arrived(0, message("t/x", 2), a, b, c)));
        assertEquals(2, p.qos());
        assertEquals(List.of(11, 13), p.subscriptionIds());
    }

    /** The log doesn't know subscriptions of QoS 0: their identifiers are found here. */
    @Test
    void overlapsWithQos0SubscriptionsCountInRowsThatAreRead() {
        Subscription direct = options("t/#", 0, false, false, 2, 11);
        var read = new Subscription("t/x", "", 1, false, false, 2, 12, FILTER, new LaneVector());
        Session session = starting().subscribed(direct, read).session(SESSION);
        on(session, new Event.Started(NOW));
        var p = one(
                Effect.SendPublish.class,
                on(session, page(Long.MAX_VALUE, vector(id(1, 1)), row(id(1, 1), message("t/x", 1)))));
        assertEquals(List.of(12, 11), p.subscriptionIds());
    }

    /** What the log will bring is not delivered directly too. */
    @Test
    void aStoredSessionTakesQos1OnlyFromTheLog() {
        Session session = starting().subscribed(stored).live();
        assertEquals(List.of(), on(session, arrived(0, message("t", 1), stored)));
        assertEquals(1, on(session, arrived(0, message("t", 0), stored)).size());
    }

    /** [MQTT5-4.8.2-1]: a group deals the messages of shared subscriptions; [MQTT5-3.3.1-9] no retained ones for them. */
    @Test
    void sharedSubscriptionsAreNotMatchedHere() {
        Session session = starting().clean();
        var shared = new Subscription("t", "g", 1, false, false, 0, 0, 0, new LaneVector());
        assertEquals(
                List.of(new Effect.AddRoute(shared), new Effect.SendSubAck(1, List.of(1))),
                on(session, subscribe(1, shared)));
        assertEquals(List.of(), on(session, arrived(0, message("t", 1), shared)));
        assertEquals(List.of(shared), session.subscriptions());
    }
}
