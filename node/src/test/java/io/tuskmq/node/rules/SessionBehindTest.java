package io.tuskmq.node.rules;

import static io.tuskmq.node.rules.SessionFixture.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.rules.Event.RoutesApplied.Spread;
import io.tuskmq.node.rules.SessionFixture.Starting;
import io.tuskmq.storage.LogReader.Logged;
import io.tuskmq.storage.LogReader.Page;
import io.tuskmq.storage.LogReader.Range;
import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Falling behind, reading pages and joining the forwards again (I2, I6, I9). */
class SessionBehindTest {
    private final Subscription sub = logged("t", 1);

    private static Logged row(int number) {
        return SessionFixture.row(id(1, number), message("t/" + number, 1));
    }

    private Event.Arrived forward(int number) {
        return arrived(id(1, number), message("t/" + number, 1), sub);
    }

    /** The numbers of the messages sent. */
    private static List<Integer> sent(List<Effect> effects) {
        List<Integer> numbers = new ArrayList<>();
        for (var p : of(Effect.SendPublish.class, effects)) {
            numbers.add(Integer.valueOf(p.message().topic().substring(2)));
        }
        return numbers;
    }

    private Session reading() {
        Session session = starting().subscribed(sub).session(SESSION);
        one(Effect.ReadLog.class, on(session, new Event.Started(NOW)));
        return session;
    }

    @Test
    void joinsTheForwardsExactlyWhereThePageEnded() {
        Session session = reading();
        assertEquals(List.of(), on(session, forward(2)), "a live message never overtakes the backlog");
        assertEquals(List.of(), on(session, forward(3)));
        var effects = on(session, page(Long.MAX_VALUE, vector(id(1, 2)), row(1), row(2)));
        assertEquals(List.of(1, 2, 3), sent(effects));
        assertTrue(session.isLive());
        assertEquals(List.of(4), sent(on(session, forward(4))));
    }

    @Test
    void readsPageByPageUntilTheEnd() {
        Session session = reading();
        var effects = on(session, page(id(1, 2), vector(id(1, 9)), row(1), row(2)));
        assertEquals(List.of(1, 2), sent(effects));
        assertEquals(
                id(1, 2), one(Effect.ReadLog.class, effects).ranges().getFirst().afterId());
        assertTrue(!session.isLive());
        assertEquals(List.of(3), sent(on(session, page(Long.MAX_VALUE, vector(id(1, 9)), row(3)))));
        assertEquals(vector(id(1, 9)), session.cursor());
    }

    private static Logged copy(int number) {
        return new Logged(id(1, number), new long[] {-SESSION}, message("t/" + number, 1));
    }

    /** What replaces a retained message may be forwarded before this session hears that the copy was made: presence must end right. */
    @Test
    void aForwardDoesNotOvertakeACopyThatIsOnItsWay() {
        Session session = starting().subscribed(sub).live();
        assertEquals(List.of(), on(session, new Event.CopiesBegun()));
        assertEquals(List.of(), on(session, forward(2)));
        var effects = on(session, new Event.CopiesMade());
        assertEquals(
                -SESSION, one(Effect.ReadLog.class, effects).ranges().getFirst().filterId());
        assertEquals(List.of(), on(session, forward(3)));
        effects = on(session, page(Long.MAX_VALUE, vector(id(1, 2)), copy(1), row(2)));
        assertEquals(List.of(1, 2, 3), sent(effects));
        assertTrue(session.isLive());
    }

    @Test
    void aPageOfBeforeTheCopiesIsFollowedByAnotherOne() {
        Session session = reading();
        on(session, new Event.CopiesBegun());
        on(session, new Event.CopiesMade());
        on(session, forward(3));
        var effects = on(session, page(Long.MAX_VALUE, vector(id(1, 1)), row(1)));
        assertEquals(List.of(1), sent(effects));
        assertFalse(session.isLive());
        one(Effect.ReadLog.class, effects);
        assertEquals(List.of(2, 3), sent(on(session, page(Long.MAX_VALUE, vector(id(1, 3)), copy(2), row(3)))));
        assertTrue(session.isLive());
    }

    /** A copy that comes into a lane which the pass has left behind is read before what the pass would have read next. */
    @Test
    void aPassDoesNotGoOnPastCopies() {
        Session session = new Starting()
                .cursor(vector(id(1, 0), id(2, 0)))
                .subscribed(sub)
                .session(SESSION);
        on(session, new Event.Started(NOW));
        long lagging = id(2, 1);
        Logged far = SessionFixture.row(LogId.first(NOW + 60_000, 1), message("t/5", 1));
        on(session, new Event.CopiesBegun());
        assertEquals(List.of(5), sent(on(session, page(far.id(), vector(far.id() + 9, lagging), far))));
        var effects = on(session, new Event.CopiesMade());
        assertEquals(
                lagging, one(Effect.ReadLog.class, effects).ranges().getFirst().afterId());
    }

    /** The head of a node that just died, or of an idle lane, must not hold up the reading of the others. */
    @Test
    void readsOnPastALaneWhoseHeadLagsAndTakesItsLaterRowsFromTheForwards() {
        Session session = new Starting()
                .cursor(vector(id(1, 0), id(2, 0)))
                .subscribed(sub)
                .session(SESSION);
        on(session, new Event.Started(NOW));
        long lagging = id(2, 1); // of lane 2, and below all that lane 1 has here
        long later = lagging + 1;
        long far = NOW + 60_000;
        Logged first = SessionFixture.row(LogId.first(far, 1), message("t/1", 1));
        Logged second = SessionFixture.row(LogId.first(far, 1) + 1, message("t/2", 1));
        LaneVector heads = vector(LogId.first(far, 1) + 9, lagging);
        var effects = on(session, page(first.id(), heads, first));
        assertEquals(List.of(1), sent(effects));
        assertEquals(
                first.id(),
                one(Effect.ReadLog.class, effects).ranges().getFirst().afterId(),
                "not from lane 2's head");
        assertEquals(List.of(), sent(on(session, arrived(later, message("t/7", 1), sub))));
        effects = on(session, page(Long.MAX_VALUE, vector(LogId.first(far, 1) + 9, later), second));
        assertEquals(List.of(2, 7), sent(effects), "the pages skipped it; it was put by");
        assertTrue(session.isLive());
    }

    /** The same, but the forward came between two pages, when nothing is put by. */
    @Test
    void readsAgainWhatALaggingLaneGotBetweenPages() {
        Session session = new Starting()
                .cursor(vector(id(1, 0), id(2, 0)))
                .limits(small(1, 100))
                .subscribed(sub)
                .session(SESSION);
        on(session, new Event.Started(NOW));
        long later = id(2, 2);
        long far = NOW + 60_000;
        List<Logged> rows = new ArrayList<>();
        for (int i = 1; i <= 8; i++) {
            rows.add(SessionFixture.row(LogId.first(far, 1) + i, message("t/" + i, 1)));
        }
        LaneVector heads = vector(LogId.first(far, 1) + 9, id(2, 1));
        on(session, page(rows.getLast().id(), heads, rows.toArray(new Logged[0])));
        on(session, arrived(later, message("t/99", 1), sub));
        List<Range> asked = new ArrayList<>();
        for (int packetId = 1; asked.isEmpty(); packetId++) {
            var effects = on(session, new Event.PubAckReceived(packetId, 0));
            of(Effect.ReadLog.class, effects).forEach(read -> asked.addAll(read.ranges()));
        }
        assertEquals(rows.getLast().id(), asked.getFirst().afterId());
        var effects = on(session, page(Long.MAX_VALUE, vector(LogId.first(far, 1) + 9, later)));
        assertEquals(
                id(2, 1), one(Effect.ReadLog.class, effects).ranges().getFirst().afterId(), "a new pass finds it");
    }

    /** A row above the heads of the page may have companions that the page doesn't show yet. */
    @Test
    void takesNothingAboveTheHeadsOfThePage() {
        Session session = reading();
        assertEquals(List.of(1), sent(on(session, page(Long.MAX_VALUE, vector(id(1, 1)), row(1), row(2)))));
        assertEquals(List.of(2), sent(on(session, forward(2))));
    }

    /** I9: what is put by is bounded; beyond the bound it is forgotten, and read. */
    @Test
    void readsAgainWhenTooMuchCameWhileReading() {
        Session session = starting().limits(small(100, 2)).subscribed(sub).session(SESSION);
        on(session, new Event.Started(NOW));
        for (int i = 2; i <= 5; i++) {
            on(session, forward(i));
        }
        assertTrue(session.load().putBy() <= 2);
        var effects = on(session, page(Long.MAX_VALUE, vector(id(1, 1)), row(1)));
        assertEquals(List.of(1), sent(effects));
        one(Effect.ReadLog.class, effects);
        assertEquals(
                List.of(2, 3, 4, 5),
                sent(on(session, page(Long.MAX_VALUE, vector(id(1, 5)), row(2), row(3), row(4), row(5)))));
    }

    /** I9: the queue of a stored session is bounded; beyond the bound it falls behind. */
    @Test
    void fallsBehindWhenTheQueueIsFull() {
        Session session = starting().limits(small(1, 5)).subscribed(sub).live();
        assertEquals(List.of(1), sent(on(session, forward(1))));
        for (int i = 2; i <= 9; i++) {
            assertEquals(List.of(), sent(on(session, forward(i))));
        }
        assertTrue(!session.isLive());
        assertEquals(5, session.load().queued());
        assertEquals(id(1, 1), session.cursor().get(1), "below what waits");
        List<Effect> effects = List.of();
        for (int packetId = 1; of(Effect.ReadLog.class, effects).isEmpty(); packetId++) {
            effects = on(session, new Event.PubAckReceived(packetId, 0));
        }
        assertEquals(
                id(1, 6), one(Effect.ReadLog.class, effects).ranges().getFirst().afterId());
    }

    @Test
    void lostForwardsAreRead() {
        Session session = starting().subscribed(sub).live();
        on(session, forward(1));
        var effects = on(session, new Event.ForwardsLost());
        assertEquals(
                List.of(new Range(-SESSION, id(1, 1)), new Range(FILTER, id(1, 1))),
                one(Effect.ReadLog.class, effects).ranges());
    }

    @Test
    void forwardsLostWhileReadingAreReadByTheNextPage() {
        Session session = reading();
        on(session, forward(1));
        on(session, new Event.ForwardsLost());
        on(session, forward(3));
        var effects = on(session, page(Long.MAX_VALUE, vector(id(1, 1)), row(1)));
        assertEquals(List.of(1), sent(effects));
        one(Effect.ReadLog.class, effects);
        assertEquals(List.of(2, 3), sent(on(session, page(Long.MAX_VALUE, vector(id(1, 3)), row(2), row(3)))));
    }

    @Test
    void aFailedReadIsRepeatedAtTheNextTick() {
        Session session = reading();
        assertEquals(List.of(), on(session, new Event.ReadFailed()));
        one(Effect.ReadLog.class, on(session, new Event.Tick(NOW + 1_000)));
    }

    @Test
    void theCursorOfALiveSessionFollowsItsLanes() {
        Session session = starting().subscribed(sub).live();
        on(session, new Event.LaneComplete(1, id(1, 50)));
        assertEquals(id(1, 50), session.cursor().get(1));
        on(session, new Event.ForwardsLost());
        on(session, new Event.LaneComplete(1, id(1, 60)));
        assertEquals(id(1, 50), session.cursor().get(1), "behind: nothing may be skipped");
    }

    /** A lane's clock may be late: a lane that began below what was read is read from its beginning. */
    @Test
    void readsALaneItHadNeverHeardOfFromItsBeginning() {
        Session session = reading();
        long start = id(2, 0) - (5_000L << 21);
        long early = start + 1;
        var first = new Page(List.of(), Long.MAX_VALUE, vector(id(1, 0), id(2, 9)), vector(id(1, 0), start));
        var effects = on(session, new Event.PageRead(first, NOW));
        assertEquals(
                start, one(Effect.ReadLog.class, effects).ranges().getFirst().afterId());
        assertTrue(!session.isLive());
        var second = new Page(
                List.of(SessionFixture.row(early, message("t/7", 1))),
                Long.MAX_VALUE,
                vector(id(1, 0), id(2, 9)),
                vector(id(1, 0), start));
        assertEquals(List.of(7), sent(on(session, new Event.PageRead(second, NOW))));
        assertTrue(session.isLive());
    }

    @Test
    void asksForNoMoreThanItCanKeep() {
        Session session =
                starting().receiveMax(1).limits(small(1, 5)).subscribed(sub).session(SESSION);
        on(session, new Event.Started(NOW));
        var effects = on(session, page(id(1, 8), vector(id(1, 99)), row(1), row(2), row(3), row(4), row(5), row(6)));
        assertEquals(List.of(1), sent(effects));
        assertEquals(List.of(), of(Effect.ReadLog.class, effects));
        assertEquals(List.of(), of(Effect.ReadLog.class, on(session, new Event.PubAckReceived(1, 0))));
        assertEquals(
                1,
                of(Effect.ReadLog.class, on(session, new Event.PubAckReceived(2, 0)))
                        .size());
    }

    /** The private queue: retained copies come with RETAIN 1 and their own QoS. */
    @Test
    void rowsOfThePrivateQueueAreRetained() {
        Session session = reading();
        var copy = new Logged(id(1, 1), new long[] {-SESSION}, message("t/1", 1));
        var p = one(Effect.SendPublish.class, on(session, page(Long.MAX_VALUE, vector(id(1, 1)), copy)));
        assertTrue(p.retain());
        var live = one(Effect.SendPublish.class, on(session, arrived(id(1, 2), message("t/2", 1))));
        assertTrue(live.retain());
        assertEquals(1, live.qos());
    }

    @Test
    void rowsFromBeforeTheSubscriptionAreNotItsOwn() {
        var late = new Subscription("t", "", 1, false, false, 0, 0, FILTER, new LaneVector(new long[] {id(1, 2)}));
        Session session = starting().subscribed(late).session(SESSION);
        on(session, new Event.Started(NOW));
        assertEquals(List.of(3), sent(on(session, page(Long.MAX_VALUE, vector(id(1, 3)), row(1), row(2), row(3)))));
    }

    /** I2: with several nodes, forwards count only after all of them had the routes when the whole pass of pages began. */
    @Test
    void reliesOnForwardsOnlyWhenAllNodesKnewItsRoutesBeforeItRead() {
        Session session = starting().subscribed(logged("t", 1)).session(SESSION);
        long question = one(Effect.AwaitRoutes.class, session.on(new Event.Started(NOW)))
                .number();
        one(Effect.ReadLog.class, session.on(new Event.RoutesApplied(question, Spread.BEGUN)));
        assertEquals(List.of(), of(Effect.ReadLog.class, session.on(emptyPage())), "reads again and again");
        assertFalse(session.isLive(), "relies on nodes that do not know it");
        one(Effect.ReadLog.class, session.on(new Event.Tick(NOW)));
        // A page that ends early, then the routes: what was forwarded nowhere meanwhile is in no page of this pass.
        session.on(new Event.RoutesApplied(question, Spread.EVERYWHERE));
        session.on(page(id(1, 3), vector(id(1, 9)), SessionFixture.row(id(1, 1), message("t", 1))));
        session.on(emptyPage());
        assertFalse(session.isLive(), "the pass began before");
        session.on(emptyPage());
        assertTrue(session.isLive());
    }
}
