package io.tuskmq.storage;

import static io.tuskmq.storage.StoreFixture.claim;
import static io.tuskmq.storage.StoreFixture.get;
import static io.tuskmq.storage.StoreFixture.message;
import static io.tuskmq.storage.StoreFixture.number;
import static io.tuskmq.storage.StoreFixture.subscription;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.LogReader.Digest;
import io.tuskmq.storage.LogReader.Logged;
import io.tuskmq.storage.LogReader.Position;
import io.tuskmq.storage.LogReader.Range;
import io.tuskmq.storage.LogReader.Span;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.StoredSubscription;
import io.tuskmq.storage.Sessions.SubscriptionKey;
import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What appending to the log and reading it promise, whatever stands behind them. */
abstract class LogContract {
    abstract StoreFixture store();

    private static String text(Message message) {
        return new String(message.payload(), StandardCharsets.UTF_8);
    }

    private LogReader.Page read(int limit, Range... ranges) {
        return get(store().store().log().read(List.of(ranges), limit));
    }

    private static List<String> texts(LogReader.Page page) {
        return page.messages().stream()
                .map(Logged::message)
                .map(LogContract::text)
                .toList();
    }

    /** I7: the filter came after the append was matched; the database notices, and it is matched again. */
    @Test
    void anAppendThatWasMatchedTooEarlyIsMatchedAgain() {
        long node = store().node();
        StoreFixture.Matching early = store().matching("late", "x");
        assertEquals(0, early.filterIds().length);
        Claimed.Owned owned = store().own(claim("a", node));
        StoredSubscription s = store().subscribe(owned, subscription("late", 1)).getFirst();
        assertTrue(store().append(node, early));
        LogReader.Page page = read(10, new Range(s.filterId(), s.start().low()));
        assertEquals(List.of("x"), texts(page));
        assertEquals(early.id(), page.messages().getFirst().id());
        assertTrue(page.isEnd());
        assertFalse(s.start().covers(early.id()));
        assertTrue(page.heads().covers(early.id()));
    }

    @Test
    void aFilterThatNobodyNeedsIsForgottenAndComesBackAnew() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("a", node));
        StoredSubscription first =
                store().subscribe(owned, subscription("t", 1)).getFirst();
        assertEquals(0, get(store().store().filters().removeUnused(10)));
        get(store().sessions()
                .unsubscribe(owned.sessionId(), owned.epoch(), number(), List.of(new SubscriptionKey("t", ""))));
        assertEquals(1, get(store().store().filters().removeUnused(10)));
        get(store().store().filters().catchUp());
        assertEquals(0, store().matching("t", "x").filterIds().length);
        StoredSubscription second =
                store().subscribe(owned, subscription("t", 1)).getFirst();
        assertTrue(second.filterId() != first.filterId());
        get(store().store().filters().catchUp());
        assertEquals(
                List.of(second.filterId()),
                Arrays.stream(store().matching("t", "x").filterIds()).boxed().toList());
    }

    @Test
    void theNewestMessagesOfABacklogAreKeptAndTheOthersCounted() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("a", node));
        List<StoredSubscription> s = store().subscribe(owned, subscription("t", 1), subscription("#", 1));
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            StoreFixture.Matching append = store().matching(i % 3 == 0 ? "t" : "u", "m" + i);
            assertTrue(store().append(node, append));
            ids.add(append.id());
        }
        LaneVector above = s.getFirst().start().copy();
        above.advance(ids.get(0)); // sent already
        LogReader log = store().store().log();
        List<LogReader.Waiting> waiting = List.of(
                new LogReader.Waiting(s.get(0).filterId(), above),
                new LogReader.Waiting(s.get(1).filterId(), above),
                new LogReader.Waiting(-owned.sessionId(), above));
        LogReader.Excess excess = get(log.excess(waiting, 4));
        assertEquals(5, excess.messages());
        assertTrue(excess.through().covers(ids.get(5)));
        assertFalse(excess.through().covers(ids.get(6)));
        assertEquals(new LogReader.Excess(new LaneVector(), 0), get(log.excess(waiting, 9)));
        assertTrue(get(store().store().logBytes()) > 0);
    }

    /** A message under two of the asked filters comes once; a page that is cut says where. */
    @Test
    void pagesFollowOneAnotherWithoutGapOrRepetition() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("a", node));
        List<StoredSubscription> s = store().subscribe(owned, subscription("t", 1), subscription("#", 1));
        for (int i = 0; i < 10; i++) {
            assertTrue(store().append(node, store().matching(i % 3 == 0 ? "t" : "u", "m" + i)));
        }
        List<String> found = new ArrayList<>();
        long t = s.get(0).filterId();
        long all = s.get(1).filterId();
        long after = 0;
        LogReader.Page page = read(4, new Range(t, after), new Range(all, after));
        for (int pages = 0; !page.isEnd(); pages++) {
            assertTrue(pages < 10);
            found.addAll(texts(page));
            after = page.throughId();
            page = read(4, new Range(t, after), new Range(all, after));
        }
        found.addAll(texts(page));
        assertEquals(List.of("m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"), found);
        Logged both = read(1, new Range(t, 0), new Range(all, 0)).messages().getFirst();
        assertEquals(
                List.of(t, all).stream().sorted().toList(),
                Arrays.stream(both.filterIds()).boxed().toList());
    }

    @Test
    void messagesAreFetchedByTheirPositions() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("a", node));
        long filterId =
                store().subscribe(owned, subscription("t", 1)).getFirst().filterId();
        StoreFixture.Matching append = store().matching("t", "x");
        assertTrue(store().append(node, append));
        var found = get(store().store()
                .log()
                .fetch(List.of(
                        new Position(filterId, append.id()), new Position(filterId, 5), new Position(9_999, 1))));
        assertEquals("x", text(found.getFirst().orElseThrow()));
        assertEquals(
                List.of(true, false, false),
                found.stream().map(f -> f.isPresent()).toList());
    }

    /** The audit: what a node handled, compared with what there is. */
    @Test
    void digestsTellWhatLiesInASpanOfAFilter() {
        long a = store().node();
        long b = store().node();
        Claimed.Owned owned = store().own(claim("a", a));
        List<StoredSubscription> s = store().subscribe(owned, subscription("t", 1), subscription("u", 1));
        long t = s.get(0).filterId();
        long u = s.get(1).filterId();
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            StoreFixture.Matching append = store().matching(i == 3 ? "u" : "t", "m" + i);
            assertTrue(store().append(i % 2 == 0 ? a : b, append));
            ids.add(append.id());
        }
        List<Long> inT = new ArrayList<>(ids);
        long inU = inT.remove(3);
        inT.sort(null);
        LogReader log = store().store().log();
        assertEquals(
                List.of(
                        new Digest(t, 7, xor(inT)),
                        new Digest(u, 1, inU),
                        new Digest(t, 3, xor(inT.subList(2, 5))),
                        new Digest(t, 0, 0),
                        new Digest(t, 0, 0),
                        new Digest(9_999, 0, 0),
                        new Digest(t, 7, xor(inT))),
                get(log.digests(List.of(
                        new Span(t, 0, Long.MAX_VALUE),
                        new Span(u, inU - 1, inU),
                        new Span(t, inT.get(1), inT.get(4)),
                        new Span(t, inT.get(4), inT.get(4)),
                        new Span(t, inT.get(4), inT.get(1)),
                        new Span(9_999, 0, Long.MAX_VALUE),
                        new Span(t, 0, inT.getLast())))));
        assertEquals(List.of(), get(log.digests(List.of())));
    }

    private static long xor(List<Long> ids) {
        return ids.stream().reduce(0L, (x, y) -> x ^ y);
    }

    @Test
    void digestsAskedForAtOnceAreEachAnswered() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("a", node));
        long t = store().subscribe(owned, subscription("t", 1)).getFirst().filterId();
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            StoreFixture.Matching append = store().matching("t", "m" + i);
            assertTrue(store().append(node, append));
            ids.add(append.id());
        }
        LogReader log = store().store().log();
        List<Future<List<Digest>>> answers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            List<Span> spans = new ArrayList<>();
            for (int k = 0; k < i; k++) {
                spans.add(new Span(t, 0, ids.get(k)));
            }
            answers.add(log.digests(spans));
        }
        for (int i = 0; i < 5; i++) {
            List<Digest> expected = new ArrayList<>();
            for (int k = 0; k < i; k++) {
                expected.add(new Digest(t, k + 1, xor(ids.subList(0, k + 1))));
            }
            assertEquals(expected, get(answers.get(i)));
        }
    }

    @Test
    void aRepeatedReceiptIsRefused() {
        long node = store().node();
        Claimed.Owned owned = store().own(claim("a", node));
        Append.Receipt receipt = new Append.Receipt(owned.sessionId(), owned.epoch(), number(), 4);
        assertTrue(store().append(node, message("t", "1"), receipt, 0));
        assertFalse(store().append(node, message("t", "1"), receipt, 0));
    }

    /** I4 */
    @Test
    void aRevokedNodeRenewsNothing() {
        long node = store().node();
        get(store().store().leases().renew(node, StoreFixture.LEASE_MILLIS));
        store().letLeasePass(node);
        assertEquals(List.of(node), get(store().store().leases().endExpired()));
        StorageException e = assertThrows(
                StorageException.class, () -> get(store().store().leases().renew(node, StoreFixture.LEASE_MILLIS)));
        assertEquals(StorageException.Kind.FENCED, e.kind());
    }

    @Test
    void aFreeLaneIsLeasedAgain() {
        long first = store().node();
        Leases.Lease second = get(store().store().leases().register("n", 2, StoreFixture.LEASE_MILLIS));
        assertEquals(
                List.of(2, 3),
                second.lanes().stream().map(Leases.Lane::laneId).sorted().toList());
        assertTrue(store().append(first, message("t", "x")));
        store().endNode(first);
        Leases.Lane again = get(store().store().leases().register("n", 1, StoreFixture.LEASE_MILLIS))
                .lanes()
                .getFirst();
        assertEquals(1, again.laneId());
        assertTrue(again.head() > 0);
    }
}
