package io.tuskmq.storage;

import static io.tuskmq.storage.PgNode.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.LogReader.Page;
import io.tuskmq.storage.LogReader.Position;
import io.tuskmq.storage.LogReader.Range;
import io.tuskmq.storage.Sessions.Claim;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.NewWill;
import io.tuskmq.storage.Sessions.StoredSubscription;
import io.tuskmq.storage.Sessions.SubscriptionKey;
import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What lanes, filters, leases and reading promise, whatever stands behind the port. */
abstract class LaneContract {
    final TestFilters copy = new TestFilters();
    final LaneEvents events = new LaneEvents();

    @SuppressWarnings("NullAway.Init")
    Leases.Lease lease;

    @SuppressWarnings("NullAway.Init")
    LaneWriter writer;

    /** The store, made with {@link #copy}. */
    protected abstract Store store();

    protected abstract void closeStore();

    @BeforeEach
    final void leaseALane() {
        lease = await(store().leases().register("test", 1, 60_000));
        writer = store().laneWriter(lease.lanes().getFirst(), events);
    }

    @AfterEach
    final void close() {
        await(writer.close());
        closeStore();
    }

    private static Append.Receipt receipt(Claimed.Owned publisher) {
        return new Append.Receipt(publisher.sessionId(), publisher.epoch(), StoreFixture.number(), 1);
    }

    final Claimed.Owned session(String clientId) {
        return claim(clientId, null);
    }

    private Claimed.Owned claim(String clientId, @Nullable NewWill will) {
        Claim claim = new Claim(clientId, "p", lease.incarnation(), StoreFixture.number(), false, 1_000, true, will);
        return (Claimed.Owned) await(store().sessions().claim(claim));
    }

    /** Subscribes a session and returns the filter's id; the node's copy hears of it when it catches up. */
    final long subscribe(Claimed.Owned session, String filter) {
        StoredSubscription asked = new StoredSubscription(filter, "", 1, false, false, 0, 0, 0, new LaneVector(), null);
        return await(store().sessions()
                        .subscribe(session.sessionId(), session.epoch(), StoreFixture.number(), List.of(asked)))
                .getFirst()
                .filterId();
    }

    final long filter(String filter) {
        long filterId = subscribe(session("subscriber of " + filter), filter);
        await(store().filters().catchUp());
        return filterId;
    }

    final void append(String topic, String payload) {
        writer.append(TestAppend.of(copy, topic, payload));
    }

    final List<String> read(long filterId) {
        return texts(await(store().log().read(List.of(new Range(filterId, 0)), 10_000)));
    }

    static List<String> texts(Page page) {
        return page.messages().stream()
                .map(m -> new String(m.message().payload(), StandardCharsets.UTF_8))
                .toList();
    }

    @Test
    void appendsAreReadInTheirOrderOncePerMatchedFilter() {
        long a = filter("a");
        long all = filter("#");
        List<String> texts =
                IntStream.range(0, 5_000).mapToObj(Integer::toString).toList();
        texts.forEach(text -> append("a", text));
        events.awaitCommitted(5_000);

        assertEquals(texts, events.texts());
        Page page = await(store().log().read(List.of(new Range(all, 0), new Range(a, 0)), 10_000));
        assertTrue(page.isEnd());
        assertEquals(texts, texts(page));
        assertArrayEquals(new long[] {a, all}, page.messages().get(7).filterIds());
        assertEquals(events.head, page.heads().get(lease.lanes().getFirst().laneId()));
        assertTrue(page.starts().get(lease.lanes().getFirst().laneId())
                <= events.committed.getFirst().id());
    }

    @Test
    void aPageSaysUpToWhereItIsWhole() {
        long a = filter("a");
        long all = filter("#");
        for (int i = 0; i < 10; i++) {
            append(i % 5 == 0 ? "a" : "b", Integer.toString(i));
        }
        events.awaitCommitted(10);
        // Of all the first four, of a both: whole up to the fourth.
        Page page = await(store().log().read(List.of(new Range(a, 0), new Range(all, 0)), 4));
        assertFalse(page.isEnd());
        assertEquals(events.committed.get(3).id(), page.throughId());
        assertEquals(List.of("0", "1", "2", "3"), texts(page));
        assertEquals(2, page.messages().getFirst().filterIds().length);
        Page rest = await(store().log()
                .read(List.of(new Range(a, page.throughId()), new Range(all, page.throughId())), 100));
        assertEquals(List.of("4", "5", "6", "7", "8", "9"), texts(rest));
        assertTrue(rest.isEnd());
    }

    @Test
    void readersOfTheSameRangeGetTheirOwnPages() {
        long a = filter("a");
        for (int i = 0; i < 10; i++) {
            append("a", Integer.toString(i));
        }
        events.awaitCommitted(10);
        List<Future<Page>> pages = new ArrayList<>();
        for (int limit = 1; limit <= 12; limit++) {
            pages.add(store().log().read(List.of(new Range(a, 0)), limit));
        }
        for (int limit = 1; limit <= 12; limit++) {
            Page page = await(pages.get(limit - 1));
            assertEquals(Math.min(limit, 10), page.messages().size());
            assertEquals(limit > 10, page.isEnd() && limit > 10);
        }
        Page nothing = await(store().log().read(List.of(), 10));
        assertTrue(nothing.isEnd());
        assertEquals(events.head, nothing.heads().get(lease.lanes().getFirst().laneId()));
    }

    /** I7: whatever a node has heard of, an append after a subscription does not miss it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatWasMatchedBeforeAFilterCameIsMatchedAgain(boolean withReceipt) {
        Claimed.Owned session = session("late");
        TestAppend append =
                new TestAppend(copy, StoreFixture.message("late", "x"), withReceipt ? receipt(session) : null, 0);
        assertEquals(0, append.filterIds().length);
        long filterId = subscribe(session, "late");
        writer.append(append);
        events.awaitCommitted(1);
        assertEquals(List.of("x"), read(filterId));
        assertTrue(append.matches > 1);
    }

    @Test
    void keepsEveryFieldOfAMessage() {
        long filterId = filter("a");
        byte[] payload = {0, 1, (byte) 255};
        byte[] properties = {1, 1};
        writer.append(
                new TestAppend(copy, new Message("a", payload, 2, true, properties, 4_000_000_000_000L, 77), null, 0));
        append("a", "second");
        events.awaitCommitted(2);

        List<Optional<Message>> found = await(store().log()
                .fetch(List.of(
                        new Position(filterId, events.committed.getFirst().id()),
                        new Position(filterId, 1),
                        new Position(filterId, events.committed.getLast().id()))));
        Message first = found.get(0).orElseThrow();
        assertEquals("a", first.topic());
        assertArrayEquals(payload, first.payload());
        assertEquals(2, first.qos());
        assertTrue(first.retain());
        assertArrayEquals(properties, first.properties());
        assertEquals(4_000_000_000_000L, first.expiresAtMillis());
        assertEquals(77, first.publisher());
        assertTrue(found.get(1).isEmpty());
        Message second = found.get(2).orElseThrow();
        assertEquals(0, second.expiresAtMillis());
        assertEquals(0, second.properties().length);
        assertEquals(0, second.publisher());
    }

    @Test
    void sessionsThatReadTheSameRangeShareItsMessages() {
        long filterId = filter("a");
        append("a", "x");
        events.awaitCommitted(1);
        // The first ones are on their way at once; those that come meanwhile wait together.
        List<Future<Page>> pages = IntStream.range(0, 200)
                .mapToObj(i -> store().log().read(List.of(new Range(filterId, 0)), 10))
                .toList();
        Set<Message> distinct = Collections.newSetFromMap(new IdentityHashMap<>());
        pages.forEach(page -> distinct.add(await(page).messages().getFirst().message()));
        assertTrue(distinct.size() < pages.size(), "none was shared");
    }

    /** I4: the lane's owner and head are the fence, also for what matches no filter. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aWriterWhoseLeaseWasRevokedStoresNothing(boolean withReceipt) {
        long filterId = filter("a");
        Append.Receipt receipt = withReceipt ? receipt(session("s")) : null;
        append("a", "before");
        events.awaitCommitted(1);
        await(store().leases().release(lease.incarnation()));
        writer.append(new TestAppend(copy, StoreFixture.message("nobody", "after"), receipt, 0));
        append("a", "after");
        LaneEvents.await(() -> events.fenced, "fenced");
        assertEquals(List.of("before"), read(filterId));
        assertEquals(1, events.committed.size());
        StorageException e = assertThrows(
                StorageException.class, () -> await(store().leases().renew(lease.incarnation(), 1_000)));
        assertEquals(StorageException.Kind.FENCED, e.kind());
    }

    @Test
    void aFreeLaneIsLeasedAgainAndGoesOnAboveItsHead() {
        append("a", "x");
        events.awaitCommitted(1);
        Leases.Lease second = await(store().leases().register("second", 1, 60_000));
        assertFalse(
                second.lanes().getFirst().laneId() == lease.lanes().getFirst().laneId());
        await(store().leases().release(lease.incarnation()));
        Leases.Lease third = await(store().leases().register("third", 2, 60_000));
        assertTrue(third.incarnation() > second.incarnation());
        Leases.Lane again = third.lanes().stream()
                .filter(lane -> lane.laneId() == lease.lanes().getFirst().laneId())
                .findFirst()
                .orElseThrow();
        assertTrue(again.head() >= events.head);
        assertEquals(
                3,
                await(store().leases().renew(third.incarnation(), 60_000))
                        .heads()
                        .lanes());
        assertEquals(List.of(), await(store().leases().endExpired()));
    }

    /** I3: the receipt is in the same transaction, guarded by the session's epoch. */
    @Test
    void receiptsAreTakenOnceAndOnlyForTheSessionsEpoch() {
        long filterId = filter("a");
        Claimed.Owned session = session("publisher");
        long id = session.sessionId();
        appendWith("first", new Append.Receipt(id, session.epoch(), StoreFixture.number(), 1));
        appendWith("old epoch", new Append.Receipt(id, session.epoch() - 1, StoreFixture.number(), 2));
        appendWith("again", new Append.Receipt(id, session.epoch(), StoreFixture.number(), 1));
        appendWith("gone", new Append.Receipt(id + 1_000, 1, StoreFixture.number(), 1));
        append("a", "last");
        events.awaitCommitted(2);
        LaneEvents.await(() -> events.refused.size() == 3, "refused");
        assertEquals(List.of("first", "last"), events.texts());
        assertEquals(List.of("first", "last"), read(filterId));
        assertEquals(List.of(1), session("publisher").state().receipts());
    }

    private void appendWith(String payload, Append.Receipt receipt) {
        writer.append(
                new TestAppend(copy, Message.of("a", payload.getBytes(StandardCharsets.UTF_8), 2, false), receipt, 0));
    }

    /** I8: a will is consumed by exactly one append. */
    @Test
    void aWillIsConsumedByOneAppend() {
        long filterId = filter("a");
        long will = claim("c", new NewWill(Message.of("a", new byte[] {'w'}, 1, false), 0, 0))
                .willId();
        for (int i = 0; i < 3; i++) {
            writer.append(new TestAppend(copy, Message.of("a", new byte[] {'w'}, 1, false), null, will));
        }
        LaneEvents.await(() -> events.refused.size() == 2, "refused");
        events.awaitCommitted(1);
        assertEquals(List.of("w"), read(filterId));
    }

    @Test
    void theLastRetainedMessageOfATopicIsKept() {
        for (int round = 0; round < 2; round++) {
            retain("r/1", "one" + round);
            retain("r/2", "two");
            retain("r/1", "three" + round);
            retain("r/2", "");
            retain("r/3", "");
            retain("r/3", "four" + round);
            append("r/1", "not retained");
            events.awaitCommitted(7 * (round + 1));
            List<String> kept = await(store().retained().find("#", "", 10)).messages().stream()
                    .map(m -> m.topic() + " " + new String(m.payload(), StandardCharsets.UTF_8))
                    .toList();
            assertEquals(List.of("r/1 three" + round, "r/3 four" + round), kept);
        }
    }

    private void retain(String topic, String payload) {
        writer.append(
                new TestAppend(copy, Message.of(topic, payload.getBytes(StandardCharsets.UTF_8), 1, true), null, 0));
    }

    @Test
    void aFilterThatNoSubscriptionNeedsIsRemoved() {
        Claimed.Owned session = session("s");
        long filterId = subscribe(session, "a");
        long kept = filter("b");
        append("a", "1");
        events.awaitCommitted(1);
        assertEquals(0, await(store().filters().removeUnused(10)));
        await(store().sessions()
                .unsubscribe(
                        session.sessionId(),
                        session.epoch(),
                        StoreFixture.number(),
                        List.of(new SubscriptionKey("a", ""))));
        assertEquals(1, await(store().filters().removeUnused(10)));
        assertEquals(0, await(store().filters().removeUnused(10)));
        append("a", "2");
        append("b", "3");
        events.awaitCommitted(3);
        assertEquals(List.of("1"), read(filterId));
        assertEquals(List.of("3"), read(kept));
        assertTrue(subscribe(session, "a") != filterId);
    }

    @Test
    void touchMovesTheHeadOfAnIdleLane() {
        long before = events.head;
        LaneEvents.await(
                () -> {
                    writer.touch(); // moves it only when the clock is a millisecond on
                    return events.head > before;
                },
                "head told");
        long told = events.head; // a touch may still be on its way
        append("a", "x");
        events.awaitCommitted(1);
        assertTrue(events.committed.getFirst().id() > told);
    }
}
