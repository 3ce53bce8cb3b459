package io.tuskmq.storage;

import static io.tuskmq.storage.PgNode.addFilter;
import static io.tuskmq.storage.PgNode.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.storage.rules.LaneVector;
import io.tuskmq.storage.rules.LogId;
import io.tuskmq.storage.rules.LogPass;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The log while everything happens at once: writers of several nodes, new filters, readers, broken connections. */
@ExtendWith(PostgresExtension.class)
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PgLogRaceTest {
    private static final int PER_LANE = 3_000;

    private record LaneRun(PgNode node, LaneWriter writer, LaneEvents events) {
        static LaneRun start(PgNode node, Leases.Lane lane) {
            LaneEvents events = new LaneEvents();
            return new LaneRun(node, node.store.laneWriter(lane, events), events);
        }

        void append(int count, String topic, AtomicBoolean stop) {
            append(count, topic, stop, i -> true);
        }

        /** @param may asked before each append until it says yes */
        void append(int count, String topic, AtomicBoolean stop, IntPredicate may) {
            for (int i = 0; i < count && !stop.get(); i++) {
                while (writer.isFull() || !may.test(i)) {
                    LockSupport.parkNanos(100_000);
                }
                writer.append(TestAppend.of(node.copy, topic, Integer.toString(i)));
                if (i % 20 == 0) {
                    LockSupport.parkNanos(1_000_000);
                }
            }
        }
    }

    /** A filter made while appends went on, and the heads that its transaction read: what lies above them belongs to it. */
    private record Joined(long filterId, LaneVector start) {}

    private static Joined join(TestDatabase database, String filter) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("SELECT pg_advisory_xact_lock(filter_set_lock())");
            statement.execute("UPDATE filter_set SET version = version + 1");
            long filterId;
            try (ResultSet row = statement.executeQuery("INSERT INTO filter (filter, added_version) SELECT '" + filter
                    + "', version FROM filter_set RETURNING filter_id")) {
                row.next();
                filterId = row.getLong(1);
            }
            LaneVector start = new LaneVector();
            try (ResultSet rows = statement.executeQuery("SELECT lane_id, head FROM lane")) {
                while (rows.next()) {
                    start.raise(rows.getInt(1), rows.getLong(2));
                }
            }
            connection.commit();
            return new Joined(filterId, start);
        }
    }

    /** I2: a reader's cursor skips nothing while lanes commit side by side. */
    private static List<LogReader.Logged> follow(PgNode node, long filterId, int limit, AtomicBoolean written) {
        List<LogReader.Logged> seen = new ArrayList<>();
        LaneVector cursor = new LaneVector();
        boolean last;
        do {
            last = written.get();
            LogPass pass = new LogPass(cursor);
            LogReader.Page page;
            do {
                page = await(node.store.log().read(List.of(new LogReader.Range(filterId, pass.afterId())), limit));
                pass.page(page.heads(), page.starts());
                page.messages().stream().filter(m -> pass.takes(m.id())).forEach(seen::add);
                pass.through(page.throughId());
            } while (!page.isEnd());
        } while (!last);
        return seen;
    }

    /** I2, I7: nothing that commits after a filter's transaction misses it, and no reader misses a row. */
    @Test
    void nothingIsLostBetweenWritersNewFiltersAndReaders(TestDatabase database) throws Exception {
        long first = addFilter(database, "#first");
        try (PgNode one = new PgNode(database, 2);
                PgNode two = new PgNode(database, 2)) {
            List<LaneRun> lanes = new ArrayList<>();
            one.lease.lanes().forEach(lane -> lanes.add(LaneRun.start(one, lane)));
            two.lease.lanes().forEach(lane -> lanes.add(LaneRun.start(two, lane)));
            AtomicBoolean never = new AtomicBoolean();
            AtomicBoolean written = new AtomicBoolean();
            AtomicInteger joins = new AtomicInteger(); // writers wait for some: they must not be done before
            List<CompletableFuture<Void>> writers = lanes.stream()
                    .map(lane -> CompletableFuture.runAsync(
                            () -> lane.append(PER_LANE, "t", never, i -> joins.get() >= i / (PER_LANE / 4)),
                            Thread::startVirtualThread))
                    .toList();
            List<CompletableFuture<List<LogReader.Logged>>> readers = IntStream.of(50, 1_000)
                    .mapToObj(limit -> CompletableFuture.supplyAsync(
                            () -> follow(one, first, limit, written), Thread::startVirtualThread))
                    .toList();
            List<Joined> joined = new ArrayList<>();
            while (!writers.stream().allMatch(CompletableFuture::isDone) && joined.size() < 60) {
                joined.add(join(database, "#" + joined.size()));
                joins.incrementAndGet();
            }
            lanes.forEach(lane -> lane.events().awaitCommitted(PER_LANE));
            written.set(true);

            List<String> expected =
                    IntStream.range(0, PER_LANE).mapToObj(Integer::toString).toList();
            for (CompletableFuture<List<LogReader.Logged>> reader : readers) {
                Map<Integer, List<String>> byLane = new HashMap<>();
                for (LogReader.Logged logged : reader.get(60, TimeUnit.SECONDS)) {
                    byLane.computeIfAbsent(LogId.laneOf(logged.id()), lane -> new ArrayList<>())
                            .add(new String(logged.message().payload(), java.nio.charset.StandardCharsets.UTF_8));
                }
                assertEquals(4, byLane.size());
                byLane.values().forEach(texts -> assertEquals(expected, texts));
            }
            assertTrue(joined.size() >= 3, "filters joined while writing: " + joined.size());
            for (Joined filter : joined) {
                List<Long> due = lanes.stream()
                        .flatMap(lane -> lane.events().committed.stream())
                        .map(Append::id)
                        .filter(id -> !filter.start().covers(id))
                        .sorted()
                        .toList();
                List<Long> stored =
                        database
                                .query("SELECT id FROM log WHERE filter_id = " + filter.filterId() + " ORDER BY id")
                                .stream()
                                .map(Long::valueOf)
                                .filter(id -> !filter.start().covers(id))
                                .toList();
                assertEquals(due, stored, filter.toString());
            }
            System.out.println("filters joined while " + 4 * PER_LANE + " messages were written: " + joined.size());
            lanes.forEach(lane -> await(lane.writer().close()));
        }
    }

    /** The server process is killed in the middle of batches: each append is in the log once, in order. */
    @Test
    void killedConnectionsNeitherLoseNorRepeat(TestDatabase database) throws Exception {
        long all = addFilter(database, "#");
        int count = 20_000;
        try (PgNode node = new PgNode(database, 1)) {
            LaneRun lane = LaneRun.start(node, node.lease.lanes().getFirst());
            AtomicBoolean never = new AtomicBoolean();
            CompletableFuture<Void> writer =
                    CompletableFuture.runAsync(() -> lane.append(count, "t", never), Thread::startVirtualThread);
            int killed = 0;
            while (!writer.isDone()) {
                killed += database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                + " WHERE datname = current_database() AND state = 'active' AND query LIKE '%append_log(%'"
                                + " AND pid <> pg_backend_pid()")
                        .size();
            }
            lane.events().awaitCommitted(count);
            List<String> expected =
                    IntStream.range(0, count).mapToObj(Integer::toString).toList();
            assertEquals(expected, lane.events().texts());
            assertEquals(
                    expected,
                    database.query(
                            "SELECT convert_from(payload, 'utf8') FROM log WHERE filter_id = " + all + " ORDER BY id"));
            assertTrue(killed > 0, "none was killed");
            System.out.println("connections killed in the middle of a batch: " + killed);
            await(lane.writer().close());
        }
    }

    /** I11: while the database is away appends are held, and stored when it is back. */
    @Test
    void whatIsAppendedWhileTheDatabaseIsAwayIsStoredWhenItReturns(TestDatabase database) throws Exception {
        long all = addFilter(database, "#");
        try (PgNode node = new PgNode(database, 1)) {
            LaneRun lane = LaneRun.start(node, node.lease.lanes().getFirst());
            lane.append(10, "t", new AtomicBoolean());
            lane.events().awaitCommitted(10);
            database.allowConnections(false);
            for (int i = 10; i < 200; i++) {
                lane.writer().append(TestAppend.of(node.copy, "t", Integer.toString(i)));
            }
            assertThrows(
                    StorageException.class, () -> await(node.store.leases().renew(node.lease.incarnation(), 60_000)));
            assertEquals(10, lane.events().committed.size());
            database.allowConnections(true);
            lane.events().awaitCommitted(200);
            assertEquals(200, database.number("SELECT count(*) FROM log WHERE filter_id = " + all));
            assertEquals(
                    IntStream.range(0, 200).mapToObj(Integer::toString).collect(Collectors.toList()),
                    lane.events().texts());
            await(lane.writer().close());
        }
    }
}
