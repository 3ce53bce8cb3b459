package io.tuskmq.storage;

import static io.tuskmq.storage.PgNode.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.LogReader.Page;
import io.tuskmq.storage.LogReader.Range;
import io.tuskmq.storage.Sessions.Checkpoint;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(PostgresExtension.class)
class PgLaneTest extends LaneContract {
    private static final long HOUR = 3_600_000;
    private final TestDatabase database;
    private final Vertx vertx = Vertx.vertx();
    private final PgStore store;

    PgLaneTest(TestDatabase database) {
        this.database = database;
        this.store = PgStore.open(vertx, database.url(), PgFixture.PATIENT, copy);
    }

    @Override
    protected Store store() {
        return store;
    }

    @Override
    protected void closeStore() {
        await(store.close());
        await(vertx.close());
    }

    @Test
    void batchesGatherWhatComesMeanwhile() {
        for (int i = 0; i < 5_000; i++) {
            append("a", "x");
        }
        events.awaitCommitted(5_000);
        assertTrue(events.batches.get() < 500, "batches: " + events.batches);
    }

    @Test
    void aMessageThatCannotBeStoredIsRefusedAndTheOthersAreNot() {
        long filterId = filter("#");
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

    /** I9 */
    @Test
    void aFullQueueSaysSoAndTellsWhenItDrained() {
        byte[] large = new byte[100_000];
        while (!writer.isFull()) {
            writer.append(new TestAppend(copy, Message.of("a", large, 1, false), null, 0));
        }
        LaneEvents.await(() -> events.drained.get() > 0, "drained");
    }

    /** I9: a page is bounded in bytes too, but always has a message. */
    @Test
    void aPageIsBoundedInBytes() {
        long filterId = filter("a");
        byte[] large = new byte[PgLog.PAGE_BYTES_MAX / 3];
        for (int i = 0; i < 7; i++) {
            writer.append(new TestAppend(copy, Message.of("a", large, 1, false), null, 0));
        }
        writer.append(new TestAppend(copy, Message.of("a", new byte[2 * PgLog.PAGE_BYTES_MAX], 1, false), null, 0));
        events.awaitCommitted(8);
        long after = 0;
        int messages = 0;
        int pages = 0;
        Page page;
        do {
            page = await(store.log().read(List.of(new Range(filterId, after)), 100));
            assertTrue(page.messages().size() <= 3);
            messages += page.messages().size();
            after = page.throughId();
            pages++;
        } while (!page.isEnd());
        assertEquals(8, messages);
        assertEquals(4, pages, "2 pages of 3, one of 1 and the large one, one empty");
    }

    @Test
    void anIdOutsideAllPartitionsGetsOne() throws Exception {
        long filterId = filter("a");
        append("a", "1");
        events.awaitCommitted(1);
        for (String partition : database.query("SELECT name FROM log_partition WHERE lower > " + events.head)) {
            database.execute("DROP TABLE " + partition);
        }
        // The lane's head lies beyond the last partition: its clock was ahead.
        long far = events.head + ((3 * HOUR) << 21);
        await(writer.close());
        database.execute("UPDATE lane SET head = " + far);
        LaneEvents moved = new LaneEvents();
        LaneWriter ahead =
                store.laneWriter(new Leases.Lane(lease.lanes().getFirst().laneId(), far, lease.incarnation()), moved);
        ahead.append(TestAppend.of(copy, "a", "2"));
        moved.awaitCommitted(1);
        assertTrue(moved.committed.getFirst().id() > far);
        assertEquals(List.of("1", "2"), read(filterId));
        await(ahead.close());
    }

    /** Fills one old partition with 10 messages for a filter, as if written at that time. */
    private void fillOldPartition(long filterId, int hoursAgo) throws Exception {
        long millis = System.currentTimeMillis() - hoursAgo * HOUR;
        database.execute(
                "SELECT ensure_log(%1$d, %1$d, %2$d); INSERT INTO log (filter_id, id, flags, topic, payload) SELECT %3$d,"
                                .formatted(millis, HOUR, filterId)
                        + " log_id(%d, 1) + n, 1, 'a', 'x' FROM generate_series(1, 10) n".formatted(millis));
    }

    @Test
    void partitionsAreMadeAheadAndDroppedWhenNoSessionNeedsThem() throws Exception {
        Claimed.Owned session = session("s");
        long filterId = subscribe(session, "a");
        fillOldPartition(filterId, 5);
        database.execute(
                "UPDATE session SET cursor = ARRAY[log_id(%d, 1)]".formatted(System.currentTimeMillis() - 6 * HOUR));
        database.execute("UPDATE subscription SET start = '{}'");
        touched();

        Store.Retention needed = await(store.maintainLog(24 * HOUR));
        assertEquals(0, needed.dropped());
        assertEquals(0, needed.undelivered());
        assertTrue(database.number("SELECT count(*) FROM log_partition WHERE lower > log_id(now_millis(), 0)") >= 2);

        long[] now = {events.head};
        assertTrue(await(store.sessions()
                .checkpoint(
                        new Checkpoint(session.sessionId(), session.epoch(), StoreFixture.number(), now, new byte[0]),
                        true)));
        assertTrue(await(store.maintainLog(24 * HOUR)).dropped() >= 1);
        assertEquals(0, database.number("SELECT count(*) FROM log"));
        assertEquals(0, await(store.maintainLog(24 * HOUR)).dropped());
    }

    @Test
    void whatIsOlderThanTheRetentionIsDroppedAndCounted() throws Exception {
        Claimed.Owned session = session("s");
        long filterId = subscribe(session, "a");
        fillOldPartition(filterId, 50);
        database.execute(
                "INSERT INTO log (filter_id, id, flags, topic, payload) SELECT -%d, id, flags, topic, payload FROM log"
                        .formatted(session.sessionId()));
        database.execute(
                "UPDATE session SET cursor = ARRAY[log_id(%d, 1)]".formatted(System.currentTimeMillis() - 60 * HOUR));
        database.execute("UPDATE subscription SET start = '{}'");
        touched();
        Store.Retention retention = await(store.maintainLog(24 * HOUR));
        assertEquals(1, retention.dropped());
        // The same ids in two queues are one message each, so 10 and not 20 were missed.
        assertEquals(10, retention.undelivered());
    }

    /** What is in flight is below the cursor and still needed. */
    @Test
    void aPartitionWithAMessageInFlightIsKept() throws Exception {
        Claimed.Owned session = session("s");
        long filterId = subscribe(session, "a");
        fillOldPartition(filterId, 5);
        touched();
        long old = database.number("SELECT min(id) FROM log");
        byte[] inflight = java.nio.ByteBuffer.allocate(12).putLong(old).array();
        long[] now = {events.head};
        await(store.sessions()
                .checkpoint(
                        new Checkpoint(session.sessionId(), session.epoch(), StoreFixture.number(), now, inflight),
                        true));
        assertEquals(0, await(store.maintainLog(24 * HOUR)).dropped());
    }

    @Test
    void aHalfDetachedPartitionIsFinished() throws Exception {
        fillOldPartition(1, 5);
        String name = database.query("SELECT name FROM log_partition ORDER BY lower LIMIT 1")
                .getFirst();
        database.execute("ALTER TABLE log DETACH PARTITION " + name);
        assertEquals(1, await(store.maintainLog(24 * HOUR)).dropped());
        assertFalse(database.query("SELECT name FROM log_partition").contains(name));
    }

    private void touched() {
        writer.touch();
        LaneEvents.await(() -> events.head > 0, "head moved");
    }

    @Test
    void manyNodesLeaseDifferentLanesAtTheSameTime() {
        List<Leases.Lease> leases =
                IntStream.range(0, 8).mapToObj(n -> store.leases().register("n" + n, 2, 60_000)).toList().stream()
                        .map(PgNode::await)
                        .toList();
        List<Integer> lanes = leases.stream()
                .flatMap(l -> l.lanes().stream())
                .map(Leases.Lane::laneId)
                .sorted()
                .toList();
        assertEquals(IntStream.rangeClosed(2, 17).boxed().toList(), lanes);
    }

    @Test
    void anExpiredNodeIsEndedOnce() throws Exception {
        database.execute("UPDATE node SET lease_until = now() - interval '1 s'");
        assertEquals(List.of(lease.incarnation()), await(store.leases().endExpired()));
        assertEquals(List.of(), await(store.leases().endExpired()));
        assertEquals(0, database.number("SELECT count(*) FROM lane WHERE owner IS NOT NULL"));
    }
}
