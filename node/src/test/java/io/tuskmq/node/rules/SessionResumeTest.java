package io.tuskmq.node.rules;

import static io.tuskmq.node.rules.SessionFixture.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.LogReader.Position;
import io.tuskmq.storage.LogReader.Range;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.rules.LaneVector;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a session does with what it left in flight: on this or any other node. */
class SessionResumeTest {
    private final Subscription sub = logged("t", 2);

    /** In flight: 1 = QoS 2 with PUBREC, 2 = QoS 1, 3 = QoS 2 sent. Waiting in the queue: one more. */
    private Session interrupted() {
        Session session = starting().receiveMax(3).subscribed(sub).live();
        on(session, done(one(Effect.Checkpoint.class, on(session, arrived(id(1, 1), message("t", 2), sub)))));
        on(session, arrived(id(1, 2), message("t", 1), sub));
        on(session, done(one(Effect.Checkpoint.class, on(session, arrived(id(1, 3), message("t", 2), sub)))));
        on(session, done(one(Effect.Checkpoint.class, on(session, new Event.PubRecReceived(1, 0)))));
        on(session, arrived(id(1, 4), message("t", 1), sub));
        return session;
    }

    private static Event.Fetched fetched(Message... messages) {
        List<Optional<Message>> found = new ArrayList<>();
        for (Message m : messages) {
            found.add(Optional.of(m));
        }
        return new Event.Fetched(found, NOW);
    }

    /** [MQTT-4.4.0-1] [MQTT5-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.6.0-1] */
    @Test
    void sendsAgainWithTheSameIdsAndDupInTheOriginalOrder() {
        Session session = starting().after(interrupted()).session(SESSION);
        var effects = on(session, new Event.Started(NOW));
        assertEquals(List.of(new Effect.SendPubRel(1, 0)), toClient(effects));
        assertEquals(
                List.of(new Position(FILTER, id(1, 2)), new Position(FILTER, id(1, 3))),
                one(Effect.Fetch.class, effects).positions());
        var again = of(Effect.SendPublish.class, on(session, fetched(message("t", 1), message("t", 2))));
        assertEquals(
                List.of(2, 3), again.stream().map(Effect.SendPublish::packetId).toList());
        assertEquals(List.of(1, 2), again.stream().map(Effect.SendPublish::qos).toList());
        assertTrue(again.stream().allMatch(Effect.SendPublish::dup));
    }

    /** [MQTT-4.4.0-1]: a reconnect is the only time; ticks and time don't count. */
    @Test
    void neverSendsAgainOnTheSameConnection() {
        Session session = interrupted();
        for (int second = 1; second < 100; second++) {
            assertEquals(List.of(), toClient(on(session, new Event.Tick(NOW + second * 1_000L))));
        }
    }

    /** What waited in the queue was not sent: the cursor stays below it, and it is read from the log, after what is sent again. */
    @Test
    void readsTheLogFromTheCursorAfterAllWasSentAgain() {
        Session session = starting().after(interrupted()).session(SESSION);
        assertEquals(List.of(), of(Effect.ReadLog.class, on(session, new Event.Started(NOW))));
        var effects = on(session, fetched(message("t", 1), message("t", 2)));
        assertEquals(
                List.of(new Range(-SESSION, id(1, 4) - 1), new Range(FILTER, id(1, 4) - 1)),
                one(Effect.ReadLog.class, effects).ranges());
        var p = one(
                Effect.SendPublish.class,
                on(session, page(Long.MAX_VALUE, vector(id(1, 5)), row(id(1, 4), message("t", 1)))));
        assertEquals(4, p.packetId());
        assertTrue(!p.dup());
    }

    /** A checkpoint that was not written: QoS 1 comes again as new, QoS 2 is where the last durable one left it. */
    @Test
    void goesOnFromAnOlderCheckpoint() {
        Session before = starting().subscribed(sub).live();
        var c1 = one(Effect.Checkpoint.class, on(before, arrived(id(1, 1), message("t", 2), sub)));
        on(before, done(c1));
        on(before, arrived(id(1, 2), message("t", 1), sub));
        on(before, new Event.PubRecReceived(1, 0));
        Session session = starting().after(before, c1).session(SESSION);
        assertEquals(
                1,
                one(Effect.Fetch.class, on(session, new Event.Started(NOW)))
                        .positions()
                        .size());
        var again = on(session, fetched(message("t", 2)));
        assertEquals(1, one(Effect.SendPublish.class, again).packetId());
        assertEquals(
                id(1, 1), one(Effect.ReadLog.class, again).ranges().getLast().afterId());
    }

    @Test
    void whatRetentionDroppedFreesItsPacketIdAndIsCounted() {
        Session session = starting().after(interrupted()).session(SESSION);
        on(session, new Event.Started(NOW));
        var effects = on(session, new Event.Fetched(List.of(Optional.empty(), Optional.of(message("t", 2))), NOW));
        assertTrue(effects.contains(new Effect.Dropped(1, Effect.Dropped.Reason.RETENTION)));
        assertEquals(3, one(Effect.SendPublish.class, effects).packetId());
        assertEquals(2, session.load().inflight());
    }

    /** [MQTT5-3.3.4-7]: also for what is sent again; PUBREL needs no room. */
    @Test
    void keepsASmallerReceiveMaximumWhileSendingAgain() {
        Session session = starting().receiveMax(1).after(interrupted()).session(SESSION);
        var effects = on(session, new Event.Started(NOW));
        assertEquals(1, one(Effect.Fetch.class, effects).positions().size());
        assertEquals(
                2,
                one(Effect.SendPublish.class, on(session, fetched(message("t", 1))))
                        .packetId());
        assertEquals(List.of(), toClient(on(session, new Event.PubCompReceived(1, 0))), "makes no room here");
        var next = on(session, new Event.PubAckReceived(2, 0));
        assertEquals(
                List.of(new Position(FILTER, id(1, 3))),
                one(Effect.Fetch.class, next).positions());
    }

    @Test
    void aClientMayAcknowledgeWhatIsNotSentAgainYet() {
        Session session = starting().after(interrupted()).session(SESSION);
        on(session, new Event.Started(NOW));
        on(session, new Event.PubAckReceived(2, 0));
        on(session, done(one(Effect.Checkpoint.class, on(session, new Event.PubRecReceived(3, 0)))));
        var effects = on(session, fetched(message("t", 1), message("t", 2)));
        assertEquals(List.of(), of(Effect.SendPublish.class, effects));
    }

    /** [MQTT-4.6.0-4] [MQTT5-4.6.0-4] */
    @Test
    void pubRelsKeepTheOrderOfThePubRecs() {
        Session before = starting().subscribed(sub).live();
        for (int i = 1; i <= 3; i++) {
            sendQos2(before, i);
        }
        for (int packetId : new int[] {3, 1, 2}) {
            on(before, done(one(Effect.Checkpoint.class, on(before, new Event.PubRecReceived(packetId, 0)))));
        }
        Session session = starting().after(before).session(SESSION);
        assertEquals(
                List.of(new Effect.SendPubRel(3, 0), new Effect.SendPubRel(1, 0), new Effect.SendPubRel(2, 0)),
                toClient(on(session, new Event.Started(NOW))));
    }

    private void sendQos2(Session session, int number) {
        on(session, done(one(Effect.Checkpoint.class, on(session, arrived(id(1, number), message("t", 2), sub)))));
    }

    @Test
    void aFailedFetchIsRepeatedAtTheNextTick() {
        Session session = starting().after(interrupted()).session(SESSION);
        var first = one(Effect.Fetch.class, on(session, new Event.Started(NOW)));
        assertEquals(List.of(), on(session, new Event.ReadFailed()));
        assertEquals(first, one(Effect.Fetch.class, on(session, new Event.Tick(NOW + 1_000))));
    }

    @Test
    void subscriptionsAreRoutedAgainAndRetainedHandOverGoesOn() {
        var start = new SessionStart(
                vector(id(1, 0)),
                new byte[0],
                List.of(sub),
                Map.of(sub, "t/5"),
                List.of(),
                true,
                SESSION,
                new SessionStart.Client(5, 10, 0));
        var effects = on(new Session(SessionLimits.DEFAULT, SESSION, start), new Event.Started(NOW));
        assertEquals(new Effect.AddRoute(sub), effects.get(0));
        assertEquals(new Effect.ContinueRetained(sub, "t/5"), effects.get(1));
    }

    @Test
    void inflightStateSurvivesItsEncoding() {
        var table = new InflightTable();
        for (int i = 1; i <= 300; i++) {
            long filter = i % 3 == 0 ? -SESSION : Long.MAX_VALUE - i;
            table.add(
                    new Inflight(i * 200, id(1 + i % 3, 300 - i), filter, 1 + i % 2, i % 5 == 0, Inflight.Stage.SENT));
        }
        table.release(Objects.requireNonNull(table.get(600)), Inflight.Stage.TO_RELEASE);
        byte[] bytes = Inflight.encode(table.all(e -> true));
        var decoded = new InflightTable();
        Inflight.decode(bytes, decoded);
        assertEquals(300, decoded.size());
        Inflight released = Objects.requireNonNull(decoded.get(600));
        assertEquals(Inflight.Stage.RELEASED, released.stage);
        assertEquals(-SESSION, released.filterId);
        assertEquals(id(1 + 299 % 3, 1), Objects.requireNonNull(decoded.get(299 * 200)).logId);
        assertEquals(bytes.length, Inflight.encode(decoded.all(e -> true)).length);
        for (int cut = 1; cut < bytes.length; cut += 7) {
            byte[] part = java.util.Arrays.copyOf(bytes, cut);
            assertThrows(IllegalArgumentException.class, () -> Inflight.decode(part, new InflightTable()));
        }
        bytes[Long.BYTES] = 9; // the version
        assertThrows(IllegalArgumentException.class, () -> Inflight.decode(bytes, new InflightTable()));
    }

    @Test
    void aNewSessionHasNothingToSendAgain() {
        Session session = starting().subscribed(sub).session(SESSION);
        var effects = on(session, new Event.Started(NOW));
        assertEquals(List.of(), of(Effect.Fetch.class, effects));
        assertEquals(2, one(Effect.ReadLog.class, effects).ranges().size());
        assertEquals(new LaneVector(new long[] {id(1, 0)}), session.cursor());
    }
}
