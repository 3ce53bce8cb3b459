package io.tuskmq.node.rules;

import static io.tuskmq.node.rules.SessionFixture.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.Message;
import java.util.List;
import org.junit.jupiter.api.Test;

/** QoS 2, both ways (I3). */
class SessionQos2Test {
    private final Subscription sub = logged("t", 2);
    private final Message m = message("t", 2);

    // --- from the client

    /** [MQTT-4.3.3-2] [MQTT5-4.3.3-8] */
    @Test
    void answersTheWholeHandshakeEachStepAfterItsCommit() {
        Session session = starting().live();
        assertEquals(List.of(new Effect.Route(5, m, true)), on(session, new Event.PublishReceived(5, m)));
        assertEquals(List.of(new Effect.SendPubRec(5, 0)), on(session, new Event.Committed(5, 2, true)));
        assertEquals(List.of(new Effect.ForgetReceipt(5)), on(session, new Event.PubRelReceived(5)));
        assertEquals(List.of(new Effect.SendPubComp(5, 0)), on(session, new Event.ReceiptForgotten(5)));
    }

    /** [MQTT-4.3.3-2] [MQTT5-4.3.3-10] [MQTT5-4.3.3-11]: by its packet id, whatever DUP says. */
    @Test
    void aKnownPacketIdIsAnsweredAndNotRoutedAgain() {
        Session session = starting().receipts(5).live();
        assertEquals(List.of(new Effect.SendPubRec(5, 0)), on(session, new Event.PublishReceived(5, m)));
        assertEquals(List.of(new Effect.Route(6, m, true)), on(session, new Event.PublishReceived(6, m)));
        assertEquals(List.of(), on(session, new Event.PublishReceived(6, m)), "on its way: the answer will come");
    }

    /** [MQTT5-4.3.3-9] */
    @Test
    void thePacketIdIsFreeAfterARefusal() {
        Session session = starting().live();
        on(session, new Event.PublishReceived(5, m));
        assertEquals(List.of(new Effect.SendPubRec(5, 0x97)), on(session, new Event.QuotaExceeded(5, 2)));
        assertEquals(List.of(new Effect.Route(5, m, true)), on(session, new Event.PublishReceived(5, m)));
    }

    @Test
    void thePacketIdIsFreeAfterPubComp() {
        Session session = starting().receipts(5).live();
        on(session, new Event.PubRelReceived(5));
        assertEquals(List.of(), on(session, new Event.PubRelReceived(5)), "said twice: forgotten once");
        on(session, new Event.ReceiptForgotten(5));
        assertEquals(List.of(new Effect.Route(5, m, true)), on(session, new Event.PublishReceived(5, m)));
    }

    /** PUBREL for an id that was completed before the connection was lost: the client must be able to go on. */
    @Test
    void anUnknownPubRelIsAnswered() {
        assertEquals(List.of(new Effect.SendPubComp(5, 0x92)), starting().live().on(new Event.PubRelReceived(5)));
        assertEquals(
                List.of(new Effect.SendPubComp(5, 0)),
                starting().version(4).live().on(new Event.PubRelReceived(5)));
    }

    @Test
    void pubRelBeforePubRecIsAProtocolError() {
        Session session = starting().live();
        on(session, new Event.PublishReceived(5, m));
        assertEquals(
                0x82,
                one(Effect.Disconnect.class, on(session, new Event.PubRelReceived(5)))
                        .reason());
    }

    /** I10: nothing is stored for a session that is not. */
    @Test
    void receiptsOfASessionThatIsNotStoredLiveInMemory() {
        Session session = starting().clean();
        assertEquals(List.of(new Effect.Route(5, m, false)), on(session, new Event.PublishReceived(5, m)));
        on(session, new Event.Committed(5, 2, true));
        assertEquals(List.of(new Effect.SendPubRec(5, 0)), on(session, new Event.PublishReceived(5, m)));
        assertEquals(List.of(new Effect.SendPubComp(5, 0)), on(session, new Event.PubRelReceived(5)));
    }

    // --- to the client

    /** [MQTT-4.3.3-1] [MQTT5-4.3.3-1..7] */
    @Test
    void waitsForADurableCheckpointBeforePublishAndBeforePubRel() {
        Session session = starting().subscribed(sub).live();
        var first = on(session, arrived(id(1, 1), m, sub));
        assertEquals(List.of(), toClient(first), "no PUBLISH yet");
        var c1 = one(Effect.Checkpoint.class, first);
        assertTrue(c1.durable());
        var publish = one(Effect.SendPublish.class, on(session, done(c1)));
        assertEquals(2, publish.qos());
        assertTrue(!publish.dup());

        var second = on(session, new Event.PubRecReceived(1, 0));
        assertEquals(List.of(), toClient(second), "no PUBREL yet");
        var c2 = one(Effect.Checkpoint.class, second);
        assertTrue(c2.durable());
        assertEquals(List.of(new Effect.SendPubRel(1, 0)), on(session, done(c2)));
        assertEquals(List.of(), on(session, new Event.PubCompReceived(1, 0)));
        assertEquals(0, session.load().inflight());
        assertTrue(
                !one(Effect.Checkpoint.class, on(session, new Event.Tick(NOW))).durable());
    }

    /** What came while a checkpoint was on its way waits for the next, and one checkpoint serves them all. */
    @Test
    void onlyOneCheckpointIsOnItsWay() {
        Session session = starting().subscribed(sub).live();
        var c1 = one(Effect.Checkpoint.class, on(session, arrived(id(1, 1), m, sub)));
        assertEquals(List.of(), on(session, arrived(id(1, 2), m, sub)));
        assertEquals(List.of(), on(session, arrived(id(1, 3), m, sub)));
        var effects = on(session, done(c1));
        assertEquals(1, one(Effect.SendPublish.class, effects).packetId());
        var c2 = one(Effect.Checkpoint.class, effects);
        assertEquals(2, of(Effect.SendPublish.class, on(session, done(c2))).size());
    }

    @Test
    void aLostCheckpointEndsTheConnection() {
        Session session = starting().subscribed(sub).live();
        var c1 = one(Effect.Checkpoint.class, on(session, arrived(id(1, 1), m, sub)));
        var effects = on(session, new Event.CheckpointDone(c1.number(), false, NOW));
        assertEquals(0x8E, one(Effect.Disconnect.class, effects).reason());
        assertEquals(List.of(), of(Effect.SendPublish.class, effects));
    }

    /** [MQTT5-4.3.3-5]: an error in PUBREC completes the handshake. */
    @Test
    void aRefusedMessageIsNotReleased() {
        Session session = starting().subscribed(sub).live();
        on(session, done(one(Effect.Checkpoint.class, on(session, arrived(id(1, 1), m, sub)))));
        assertEquals(List.of(), on(session, new Event.PubRecReceived(1, 0x80)));
        assertEquals(0, session.load().inflight());
    }

    @Test
    void pubRecSaidTwiceIsAnsweredTwice() {
        Session session = starting().clean();
        Subscription direct = subscription("t", 2, 0);
        on(session, new Event.SubscribeReceived(1, List.of(direct), List.of(0)));
        one(Effect.SendPublish.class, on(session, arrived(0, m, direct)));
        assertEquals(List.of(new Effect.SendPubRel(1, 0)), on(session, new Event.PubRecReceived(1, 0)));
        assertEquals(List.of(new Effect.SendPubRel(1, 0)), on(session, new Event.PubRecReceived(1, 0)));
    }

    @Test
    void anUnknownPubRecIsAnswered() {
        assertEquals(List.of(new Effect.SendPubRel(5, 0x92)), starting().live().on(new Event.PubRecReceived(5, 0)));
        assertEquals(
                List.of(new Effect.SendPubRel(5, 0)),
                starting().version(4).live().on(new Event.PubRecReceived(5, 0)));
    }

    @Test
    void theWrongAcknowledgementIsAProtocolError() {
        Session session = starting().subscribed(sub).live();
        on(session, arrived(id(1, 1), message("t", 1), sub));
        assertEquals(
                0x82,
                one(Effect.Disconnect.class, on(session, new Event.PubRecReceived(1, 0)))
                        .reason());
        Session other = starting().subscribed(sub).live();
        on(other, done(one(Effect.Checkpoint.class, on(other, arrived(id(1, 1), m, sub)))));
        assertEquals(
                0x82,
                one(Effect.Disconnect.class, on(other, new Event.PubAckReceived(1, 0)))
                        .reason());
    }

    /** The slot of the window is taken until PUBCOMP [MQTT5-4.9.0-2]. */
    @Test
    void theWindowIsHeldUntilPubComp() {
        Session session = starting().receiveMax(1).subscribed(sub).live();
        on(session, done(one(Effect.Checkpoint.class, on(session, arrived(id(1, 1), m, sub)))));
        on(session, arrived(id(1, 2), message("t", 1), sub));
        var c = one(Effect.Checkpoint.class, on(session, new Event.PubRecReceived(1, 0)));
        assertEquals(List.of(new Effect.SendPubRel(1, 0)), on(session, done(c)));
        assertEquals(
                1,
                one(Effect.SendPublish.class, on(session, new Event.PubCompReceived(1, 0)))
                        .qos());
    }

    /** A presence topic: the will "offline" with QoS 2, then "online" with QoS 1. */
    @Test
    void aLaterMessageOfTheTopicWithALowerQosDoesNotOvertake() {
        Session session = starting().subscribed(logged("t", 2)).live();
        var effects = on(session, arrived(id(1, 1), message("t", 2), logged("t", 2)));
        Effect.Checkpoint checkpoint = one(Effect.Checkpoint.class, effects);
        assertEquals(List.of(), toClient(on(session, arrived(id(1, 2), message("t", 1), logged("t", 2)))));
        List<Effect.ToClient> sent = toClient(on(session, done(checkpoint)));
        assertEquals(
                List.of(2, 1),
                sent.stream().map(e -> ((Effect.SendPublish) e).qos()).toList());
    }
}
