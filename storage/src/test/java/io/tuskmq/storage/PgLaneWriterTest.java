package io.tuskmq.storage;

import static io.tuskmq.storage.PgNode.addFilter;
import static io.tuskmq.storage.PgNode.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(PostgresExtension.class)
class PgLaneWriterTest {
    @SuppressWarnings("NullAway.Init")
    private TestDatabase database;

    @SuppressWarnings("NullAway.Init")
    private PgNode node;

    private final LaneEvents events = new LaneEvents();

    @SuppressWarnings("NullAway.Init")
    private LaneWriter writer;

    @BeforeEach
    void open(TestDatabase fresh) {
        database = fresh;
        node = new PgNode(fresh, 1);
        writer = node.store.laneWriter(node.lease.lanes().getFirst(), events);
    }

    @AfterEach
    void close() {
        await(writer.close());
        node.close();
    }

    private void append(String topic, String payload) {
        writer.append(TestAppend.of(node.copy, topic, payload));
    }

    private List<String> read(long filterId) {
        return await(node.store.log().read(List.of(new LogReader.Range(filterId, 0)), 1_000)).messages().stream()
                .map(m -> new String(m.message().payload(), StandardCharsets.UTF_8))
                .toList();
    }

    private long insertSession(String clientId, long epoch) throws Exception {
        return database.number("INSERT INTO session (client_id, principal, epoch, expiry_seconds, cursor) VALUES ('"
                + clientId + "', 'p', " + epoch + ", 1000, '{}') RETURNING session_id");
    }

    @Test
    void appendsAreReadInTheirOrderOncePerMatchedFilter() throws Exception {
        long a = addFilter(database, "a");
        long all = addFilter(database, "#");
        await(node.store.filters().catchUp());
        List<String> texts =
                IntStream.range(0, 5_000).mapToObj(Integer::toString).toList();
        texts.forEach(text -> append("a", text));
        events.awaitCommitted(5_000);

        assertEquals(texts, events.texts());
        LogReader.Page page =
                await(node.store.log().read(List.of(new LogReader.Range(a, 0), new LogReader.Range(all, 0)), 10_000));
        assertTrue(page.isEnd());
        assertEquals(
                texts,
                page.messages().stream()
                        .map(m -> new String(m.message().payload(), StandardCharsets.UTF_8))
                        .toList());
        assertEquals(
                List.of(a, all),
                IntStream.of(0, 1)
                        .mapToObj(i -> page.messages().get(7).filterIds()[i])
                        .toList());
        assertEquals(events.head, page.heads().get(node.lease.lanes().getFirst().laneId()));
        assertTrue(events.batches.get() < 1_000, "batches gather: " + events.batches);
    }

    @Test
    void whatWasMatchedBeforeAFilterCameIsMatchedAgain() throws Exception {
        TestAppend append = TestAppend.of(node.copy, "late", "x");
        assertEquals(0, append.filterIds().length);
        long filterId = addFilter(database, "late");
        writer.append(append);
        events.awaitCommitted(1);
        assertEquals(List.of("x"), read(filterId));
        assertEquals(2, append.matches);
    }

    @Test
    void keepsEveryFieldOfAMessage() throws Exception {
        long filterId = addFilter(database, "a");
        await(node.store.filters().catchUp());
        byte[] payload = {0, 1, (byte) 255};
        byte[] properties = {1, 1};
        writer.append(new TestAppend(
                node.copy, new Message("a", payload, 2, true, properties, 4_000_000_000_000L, 77), null, 0));
        writer.append(new TestAppend(node.copy, new Message("a", payload, 1, false, new byte[0], 0, -5), null, 0));
        events.awaitCommitted(2);

        List<Optional<Message>> found = await(node.store
                .log()
                .fetch(List.of(
                        new LogReader.Position(
                                filterId, events.committed.getFirst().id()),
                        new LogReader.Position(filterId, 1),
                        new LogReader.Position(
                                filterId, events.committed.getLast().id()))));
        Message first = found.get(0).orElseThrow();
        assertEquals("a", first.topic());
        assertEquals(
                List.of(0, 1, 255),
                IntStream.range(0, 3).mapToObj(i -> first.payload()[i] & 255).toList());
        assertEquals(2, first.qos());
        assertTrue(first.retain());
        assertEquals(2, first.properties().length);
        assertEquals(4_000_000_000_000L, first.expiresAtMillis());
        assertEquals(77, first.publisher());
        assertTrue(found.get(1).isEmpty());
        Message second = found.get(2).orElseThrow();
        assertEquals(0, second.expiresAtMillis());
        // The id of a session that is not stored means nothing after its connection.
        assertEquals(0, second.publisher());
    }

    /** I4: the lane's owner and head are the fence. */
    @Test
    void aWriterWhoseLeaseWasRevokedStoresNothing() throws Exception {
        long filterId = addFilter(database, "a");
        append("a", "before");
        events.awaitCommitted(1);
        await(node.store.leases().release(node.lease.incarnation()));
        append("a", "after");
        LaneEvents.await(() -> events.fenced, "fenced");
        assertEquals(List.of("before"), read(filterId));
        assertEquals(1, events.committed.size());
    }

    /** I4: also what matches no filter needs the database's consent. */
    @Test
    void aFencedWriterDoesNotCommitWhatMatchesNothing() {
        await(node.store.leases().release(node.lease.incarnation()));
        append("nobody", "x");
        LaneEvents.await(() -> events.fenced, "fenced");
        assertEquals(0, events.committed.size());
    }

    /** I3: the receipt is in the same transaction, guarded by the session's epoch. */
    @Test
    void receiptsAreTakenOnceAndOnlyForTheSessionsEpoch() throws Exception {
        long filterId = addFilter(database, "a");
        long session = insertSession("c", 7);
        appendWithReceipt("first", new Append.Receipt(session, 7, 1));
        appendWithReceipt("old epoch", new Append.Receipt(session, 6, 2));
        appendWithReceipt("again", new Append.Receipt(session, 7, 1));
        appendWithReceipt("gone", new Append.Receipt(session + 1000, 1, 1));
        append("a", "last");
        events.awaitCommitted(2);
        LaneEvents.await(() -> events.refused.size() == 3, "refused");
        assertEquals(List.of("first", "last"), events.texts());
        assertEquals(List.of("first", "last"), read(filterId));
        assertEquals(List.of(session + "\t1"), database.query("SELECT session_id, packet_id FROM receipt"));
    }

    private void appendWithReceipt(String payload, Append.@Nullable Receipt receipt) {
        writer.append(new TestAppend(
                node.copy, Message.of("a", payload.getBytes(StandardCharsets.UTF_8), 2, false), receipt, 0));
    }

    /** I8: a will is consumed by exactly one append. */
    @Test
    void aWillIsConsumedByOneAppend() throws Exception {
        long filterId = addFilter(database, "a");
        long will = database.number(
                "INSERT INTO will (client_id, delay_seconds, message_expiry_seconds, topic, qos, retain,"
                        + " payload) VALUES ('c', 0, 0, 'a', 1, false, '') RETURNING will_id");
        for (int i = 0; i < 3; i++) {
            writer.append(new TestAppend(node.copy, Message.of("a", new byte[] {'w'}, 1, false), null, will));
        }
        LaneEvents.await(() -> events.refused.size() == 2, "refused");
        events.awaitCommitted(1);
        assertEquals(List.of("w"), read(filterId));
        assertEquals(0, database.number("SELECT count(*) FROM will"));
    }

    @Test
    void theLastRetainedMessageOfATopicIsKept() throws Exception {
        for (int round = 0; round < 2; round++) {
            retain("r/1", "one" + round);
            retain("r/2", "two");
            retain("r/1", "three" + round);
            retain("r/2", "");
            retain("r/3", "");
            retain("r/3", "four" + round);
            append("r/1", "not retained");
            events.awaitCommitted(7 * (round + 1));
            assertEquals(
                    List.of("r/1\tthree" + round + "\t{0:r,1:1}", "r/3\tfour" + round + "\t{0:r,1:3}"),
                    database.query("SELECT topic, convert_from(payload, 'utf8'), tags FROM retained ORDER BY topic"));
        }
    }

    private void retain(String topic, String payload) {
        writer.append(new TestAppend(
                node.copy, Message.of(topic, payload.getBytes(StandardCharsets.UTF_8), 1, true), null, 0));
    }

    @Test
    void touchMovesTheHeadOfAnIdleLane() throws Exception {
        long before = node.lease.lanes().getFirst().head();
        writer.touch();
        LaneEvents.await(() -> events.head > before, "head moved");
        assertEquals(events.head, database.number("SELECT head FROM lane"));
        append("a", "x");
        events.awaitCommitted(1);
        assertTrue(events.committed.getFirst().id() > before);
    }

    @Test
    void aMessageThatCannotBeStoredIsRefusedAndTheOthersAreNot() throws Exception {
        long filterId = addFilter(database, "#");
        await(node.store.filters().catchUp());
        append("a", "1");
        append("a", "2");
        // PostgreSQL has no text with U+0000; the edge refuses it [MQTT-1.5.3-2], here it stands for any fault of one
        // message.
        append("a\0", "bad");
        append("a", "3");
        LaneEvents.await(() -> events.refused.size() == 1, "refused");
        events.awaitCommitted(3);
        assertEquals(List.of("1", "2", "3"), read(filterId));
    }

    @Test
    void aFullQueueSaysSoAndTellsWhenItDrained() throws Exception {
        database.execute("UPDATE lane SET owner = owner");
        byte[] large = new byte[100_000];
        while (!writer.isFull()) {
            writer.append(new TestAppend(node.copy, Message.of("a", large, 1, false), null, 0));
        }
        LaneEvents.await(() -> events.drained.get() > 0, "drained");
    }
}
