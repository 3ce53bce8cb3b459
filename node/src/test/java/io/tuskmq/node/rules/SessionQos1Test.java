package io.tuskmq.node.rules;

import static io.tuskmq.node.rules.SessionFixture.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Message;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** QoS 0 and 1, both ways, and the client's window. */
class SessionQos1Test {
    private final Subscription sub = logged("t", 1);

    /** [MQTT-4.3.2-2] [MQTT5-4.3.2-4] I1 */
    @Test
    void acknowledgesOnlyAfterTheCommit() {
        Session session = starting().live();
        Message m = message("t", 1);
        assertEquals(
                List.of(new Effect.Route(9, m, false)), on(session, new Event.PublishReceived(9, m)), "no PUBACK yet");
        assertEquals(List.of(new Effect.SendPubAck(9, 0)), on(session, new Event.Committed(9, 1, true)));
    }

    /** [MQTT5-3.4.2-1]: 0x10 only for MQTT 5. */
    @Test
    void tellsMqtt5PublishersThatNobodySubscribes() {
        Session v5 = starting().live();
        on(v5, new Event.PublishReceived(9, message("t", 1)));
        assertEquals(List.of(new Effect.SendPubAck(9, 0x10)), on(v5, new Event.Committed(9, 1, false)));
        Session v4 = starting().version(4).live();
        on(v4, new Event.PublishReceived(9, message("t", 1)));
        assertEquals(List.of(new Effect.SendPubAck(9, 0)), on(v4, new Event.Committed(9, 1, false)));
    }

    @Test
    void qos0IsRoutedWithoutAnAnswer() {
        Message m = message("t", 0);
        assertEquals(List.of(new Effect.Route(0, m, false)), starting().live().on(new Event.PublishReceived(0, m)));
    }

    @Test
    void aRefusedAppendEndsTheConnection() {
        Session session = starting().live();
        on(session, new Event.PublishReceived(9, message("t", 1)));
        assertEquals(
                0x8E,
                one(Effect.Disconnect.class, on(session, new Event.AppendRefused(9)))
                        .reason());
        assertEquals(List.of(), on(session, new Event.Committed(9, 1, true)), "no acknowledgement afterwards");
    }

    /** [MQTT5-3.3.4-9] */
    @Test
    void moreThanTheReceiveMaximumDisconnects() {
        Session session = starting().limits(small(10, 10)).live();
        for (int id = 1; id <= 3; id++) {
            on(session, new Event.PublishReceived(id, message("t", id == 1 ? 1 : 2)));
        }
        on(session, new Event.PublishReceived(2, message("t", 2))); // The same once more doesn't count.
        var effects = on(session, new Event.PublishReceived(4, message("t", 1)));
        assertEquals(0x93, one(Effect.Disconnect.class, effects).reason());
        assertEquals(List.of(), of(Effect.Route.class, effects));
    }

    @Test
    void anAcknowledgedPublishMakesRoomForOneMore() {
        Session session = starting().limits(small(10, 10)).live();
        for (int id = 1; id <= 3; id++) {
            on(session, new Event.PublishReceived(id, message("t", 1)));
        }
        on(session, new Event.Committed(1, 1, true));
        assertEquals(
                1, on(session, new Event.PublishReceived(4, message("t", 1))).size());
    }

    @Test
    void deliversLiveRowsAtOnceAndTheMinimumOfBothQos() {
        Session session = starting().subscribed(sub).live();
        var p = one(Effect.SendPublish.class, on(session, arrived(id(1, 1), message("t", 2), sub)));
        assertEquals(1, p.qos());
        assertEquals(1, p.packetId());
        assertTrue(!p.dup() && !p.retain());
    }

    /** I6: what was forwarded twice comes once. */
    @Test
    void deliversARowOnce() {
        Session session = starting().subscribed(sub).live();
        on(session, arrived(id(1, 1), message("t", 1), sub));
        assertEquals(List.of(), on(session, arrived(id(1, 1), message("t", 1), sub)));
    }

    /** [MQTT5-3.3.4-7] */
    @Test
    void keepsTheClientsReceiveMaximum() {
        Session session = starting().receiveMax(2).subscribed(sub).live();
        int sent = 0;
        for (int i = 1; i <= 5; i++) {
            sent += of(Effect.SendPublish.class, on(session, arrived(id(1, i), message("t", 1), sub)))
                    .size();
        }
        assertEquals(2, sent);
        assertEquals(
                3,
                one(Effect.SendPublish.class, on(session, new Event.PubAckReceived(2, 0)))
                        .packetId());
        assertEquals(List.of(), on(session, new Event.PubAckReceived(2, 0)), "said twice makes no room");
    }

    /** [MQTT-2.3.1-4] [MQTT5-2.2.1-4]: ids come round and pass by those in use. */
    @Test
    void packetIdsInFlightAreUnique() {
        Session session = starting().clean();
        Subscription direct = subscription("t", 1, 0);
        on(session, new Event.SubscribeReceived(1, List.of(direct), List.of(0)));
        Set<Integer> inUse = new HashSet<>();
        for (int i = 1; i <= 140_000; i++) {
            var p = one(Effect.SendPublish.class, on(session, arrived(0, message("t", 1), direct)));
            assertTrue(inUse.add(p.packetId()) && p.packetId() >= 1 && p.packetId() <= 65_535, "id " + p.packetId());
            if (i % 10_000 != 1) { // A few stay in flight for good.
                inUse.remove(p.packetId());
                on(session, new Event.PubAckReceived(p.packetId(), 0));
            }
        }
        assertEquals(14, session.load().inflight());
    }

    @Test
    void qos0IsDroppedAndCountedWhenTheClientDoesNotRead() {
        Session session = starting().clean();
        Subscription direct = subscription("t", 0, 0);
        on(session, new Event.SubscribeReceived(1, List.of(direct), List.of(0)));
        on(session, new Event.RetainedArrived(direct, List.of(), true, NOW));
        on(session, new Event.Writable(false, NOW));
        assertEquals(
                List.of(new Effect.Dropped(1, Effect.Dropped.Reason.NOT_WRITABLE)),
                on(session, arrived(0, message("t", 0), direct)));
        on(session, new Event.Writable(true, NOW));
        assertEquals(
                0,
                one(Effect.SendPublish.class, on(session, arrived(0, message("t", 0), direct)))
                        .qos());
    }

    /** I9: the queue of a session that is not stored is bounded; beyond it the client is disconnected. */
    @Test
    void tooManyWaitingMessagesDisconnectASessionThatIsNotStored() {
        Session session = starting().limits(small(1, 4)).clean();
        Subscription direct = subscription("t", 1, 0);
        on(session, new Event.SubscribeReceived(1, List.of(direct), List.of(0)));
        for (int i = 0; i < 5; i++) {
            assertEquals(List.of(), of(Effect.Disconnect.class, on(session, arrived(0, message("t", 1), direct))));
        }
        var last = on(session, arrived(0, message("t", 1), direct));
        assertEquals(0x97, one(Effect.Disconnect.class, last).reason());
    }

    /** I9: what is sent in one step is bounded, and the runner is told that there is more. */
    @Test
    void sendsInPortions() {
        var limits = new SessionLimits(10, 100, 100, 1 << 20, 100, 1 << 20, 100, 100, 10, 1_000, 1_000);
        Session session = starting().limits(limits).subscribed(sub).live();
        on(session, new Event.Writable(false, NOW));
        for (int i = 1; i <= 3; i++) {
            on(session, arrived(id(1, i), message("t", 1), sub));
        }
        var first = on(session, new Event.Writable(true, NOW));
        assertEquals(2, of(Effect.SendPublish.class, first).size());
        assertTrue(session.hasMore());
        assertEquals(
                1,
                of(Effect.SendPublish.class, on(session, new Event.Writable(true, NOW)))
                        .size());
        assertTrue(!session.hasMore());
    }

    /** [MQTT5-3.3.2-5] */
    @Test
    void expiredMessagesAreDroppedWhereDeliveryStarts() {
        Session session = starting().receiveMax(1).subscribed(sub).live();
        var shortLived = new Message("t", new byte[0], 1, false, new byte[0], NOW + 1_000, 0);
        on(session, arrived(id(1, 1), message("t", 1), sub));
        on(session, arrived(id(1, 2), shortLived, sub));
        on(session, new Event.Tick(NOW + 1_000));
        assertEquals(
                List.of(new Effect.Dropped(1, Effect.Dropped.Reason.EXPIRED)),
                on(session, new Event.PubAckReceived(1, 0)));
    }

    /** [MQTT5-3.1.2-24] [MQTT5-3.1.2-25] */
    @Test
    void aMessageTooLargeForTheClientCountsAsSent() {
        // 1 + 1 + 2 + 1 + 2 + 1 (no properties) + 1 = 9 bytes
        Session fits = starting().maximumPacketSize(9).subscribed(sub).live();
        assertEquals(
                1,
                of(Effect.SendPublish.class, on(fits, arrived(id(1, 1), message("t", 1), sub)))
                        .size());
        Session tooSmall = starting().maximumPacketSize(8).subscribed(sub).live();
        assertEquals(
                List.of(new Effect.Dropped(1, Effect.Dropped.Reason.TOO_LARGE)),
                on(tooSmall, arrived(id(1, 1), message("t", 1), sub)));
        assertTrue(tooSmall.cursor().covers(id(1, 1)));
    }

    @Test
    void qos1OnlyNeedsAnUndurableCheckpointAtTheNextTick() {
        Session session = starting().subscribed(sub).live();
        assertEquals(List.of(), on(session, new Event.Tick(NOW)), "nothing to write");
        var effects = on(session, arrived(id(1, 1), message("t", 1), sub));
        assertEquals(List.of(), of(Effect.Checkpoint.class, effects));
        var tick = on(session, new Event.Tick(NOW + 1_000));
        var checkpoint = one(Effect.Checkpoint.class, tick);
        assertTrue(!checkpoint.durable());
        assertEquals(id(1, 1), checkpoint.cursor()[0]);
        on(session, new Event.PubAckReceived(1, 0));
        assertEquals(List.of(), on(session, new Event.Tick(NOW + 2_000)), "one at a time");
        assertEquals(
                1, of(Effect.Checkpoint.class, on(session, done(checkpoint))).size());
    }
}
