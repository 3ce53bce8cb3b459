package io.tuskmq.node.rules;

import static io.tuskmq.node.rules.SessionFixture.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.LogReader.Digest;
import io.tuskmq.storage.LogReader.Logged;
import io.tuskmq.storage.LogReader.Range;
import io.tuskmq.storage.LogReader.Span;
import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a live session was handed is compared with the log, and what was missed is delivered (I2). */
class SessionAuditTest {
    private final Subscription sub = logged("t", 1);
    private final Session session = new SessionFixture.Starting()
            .cursor(vector(at(0), at2(0)))
            .subscribed(sub)
            .session(SESSION);

    SessionAuditTest() {
        on(session, new Event.Started(NOW));
        on(session, page(Long.MAX_VALUE, vector(at(0), at2(0))));
        assertTrue(session.isLive());
    }

    /** Of lane 1, at a time. */
    private static long at(int millis) {
        return LogId.first(NOW + millis, 1);
    }

    private static long at2(int millis) {
        return LogId.first(NOW + millis, 2);
    }

    private List<Effect> turn(int millis) {
        LaneVector watermark = vector(at(millis), at2(millis));
        on(session, new Event.LaneComplete(1, watermark.get(1)));
        on(session, new Event.LaneComplete(2, watermark.get(2)));
        return on(session, new Event.AuditTurn(watermark, true));
    }

    private List<String> forward(long id) {
        return sent(on(session, arrived(id, message("t/" + id, 1), sub)));
    }

    private static List<String> sent(List<Effect> effects) {
        List<String> topics = new ArrayList<>();
        of(Effect.SendPublish.class, effects)
                .forEach(p -> topics.add(p.message().topic()));
        return topics;
    }

    private static Logged inLog(long id) {
        return SessionFixture.row(id, message("t/" + id, 1));
    }

    /** Two rows within the span, one before and one behind it. */
    private Effect.CompareLog look() {
        assertEquals(List.of(), turn(1_000));
        forward(at(1_500));
        assertEquals(List.of(), turn(2_000), "what comes from here on was noted");
        forward(at(2_500));
        forward(at2(2_600));
        var asked = one(Effect.CompareLog.class, turn(3_000));
        forward(at(3_500));
        return asked;
    }

    @Test
    void whatWasHandedOverIsFoundEqual() {
        var asked = look();
        assertEquals(List.of(new Span(FILTER, at2(2_000), at(3_000))), asked.spans());
        var equal = new Digest(FILTER, 2, at(2_500) ^ at2(2_600));
        assertEquals(List.of(), on(session, new Event.LogCompared(asked.number(), List.of(equal))));
        var next = one(Effect.CompareLog.class, turn(4_000));
        assertEquals(List.of(new Span(FILTER, at(3_000), at(4_000))), next.spans(), "one span after another");
        var equalToo = new Digest(FILTER, 1, at(3_500));
        assertEquals(List.of(), on(session, new Event.LogCompared(next.number(), List.of(equalToo))));
    }

    @Test
    void nothingIsNotedAnyMoreWhenOthersAreAudited() {
        look();
        on(session, new Event.AuditTurn(vector(at(4_000), at2(4_000)), false));
        assertEquals(List.of(), turn(5_000));
        assertEquals(List.of(), turn(6_000), "it begins anew");
    }

    @Test
    void whatWasMissedIsDeliveredOnceAndTold() {
        var asked = look();
        long missed = at(2_700);
        var different = new Digest(FILTER, 3, at(2_500) ^ at2(2_600) ^ missed);
        var read = one(Effect.ReadMissed.class, on(session, new Event.LogCompared(asked.number(), List.of(different))));
        assertEquals(List.of(new Range(FILTER, at2(2_000))), read.ranges());
        var rows = page(
                Long.MAX_VALUE,
                vector(at(3_000), at2(3_000)),
                inLog(at(2_500)),
                inLog(at2(2_600)),
                inLog(missed),
                inLog(at(3_500)));
        var answer = new Event.MissedRead(read.number(), read.ranges(), rows.page(), NOW);
        var effects = on(session, answer);
        assertEquals(List.of("t/" + missed), sent(effects));
        assertEquals(1, one(Effect.FoundMissed.class, effects).messages());
        assertEquals(List.of(), on(session, answer), "an answer counts once");
    }

    @Test
    void theCursorStaysBelowAMissedMessageThatWaits() {
        var asked = look();
        on(session, new Event.Writable(false, NOW));
        forward(at(3_600));
        var different = new Digest(FILTER, 3, 0);
        var read = one(Effect.ReadMissed.class, on(session, new Event.LogCompared(asked.number(), List.of(different))));
        var rows = page(Long.MAX_VALUE, vector(at(3_000), at2(3_000)), inLog(at(2_700)));
        on(session, new Event.MissedRead(read.number(), read.ranges(), rows.page(), NOW));
        assertEquals(at(2_700) - 1, session.cursor().get(1));
    }

    @Test
    void aSessionThatFellBehindReadsByItselfAndIsNotCompared() {
        turn(1_000);
        turn(2_000);
        on(session, new Event.ForwardsLost());
        on(session, page(Long.MAX_VALUE, vector(at(2_000), at2(2_000))));
        assertTrue(session.isLive());
        assertEquals(List.of(), turn(3_000));
    }

    @Test
    void aLaneThatStandsStillIsWaitedFor() {
        turn(1_000);
        LaneVector still = vector(at(1_000), at2(9_000));
        assertEquals(List.of(), on(session, new Event.AuditTurn(still, true)));
        assertEquals(List.of(), on(session, new Event.AuditTurn(still, true)));
    }

    @Test
    void aSessionThatGetsTooMuchIsLeftOut() {
        turn(1_000);
        for (int i = 0; i <= LiveAudit.ROWS_MAX; i++) {
            on(session, arrived(at(1_500) + i, message("t", 0), sub));
        }
        assertEquals(List.of(), turn(2_000));
        assertEquals(List.of(), turn(3_000));
    }
}
