package io.tuskmq.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.session.LiveRoutes;
import io.tuskmq.node.session.Shards;
import io.tuskmq.storage.MemoryRunner;
import io.tuskmq.storage.MemoryStore;
import io.tuskmq.storage.Store;
import io.tuskmq.storage.Survey;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What the database holds becomes metrics: at one node for all, when it was read, by age. */
class DatabaseWatchTest {
    private static final long NOW_MILLIS = 1_800_000_000_000L;

    /** What was asked for, and how often. */
    private static final class Read implements Survey {
        private int dear;
        private Future<Void> look = Future.succeededFuture();
        private Optional<Backlog> backlog = Optional.empty();

        @Override
        public Future<Long> clockMicros() {
            return Future.succeededFuture((NOW_MILLIS - 1_500) * 1_000);
        }

        @Override
        public Future<List<LogPart>> log() {
            dear++;
            return Future.succeededFuture(List.of(hoursAgo(200), hoursAgo(5), hoursAgo(4), hoursAgo(0)));
        }

        private static LogPart hoursAgo(long hours) {
            return new LogPart(NOW_MILLIS - TimeUnit.HOURS.toMillis(hours), 100, 7);
        }

        @Override
        public Future<Counts> counts() {
            dear++;
            return Future.succeededFuture(new Counts(11, 13));
        }

        @Override
        public Future<Optional<Backlog>> backlog() {
            dear++;
            return look.map(looked -> backlog);
        }
    }

    private final Read read = new Read();
    private final Metrics metrics = new Metrics();
    private boolean first = true;

    private DatabaseWatch watch() {
        DatabaseWatch watch = new DatabaseWatch(read, () -> first, () -> NOW_MILLIS * 1_000);
        Shards shards = new Shards();
        Store store = new MemoryStore(() -> NOW_MILLIS, MemoryRunner.immediate(), new LiveRoutes());
        watch.register(metrics, shards, store);
        return watch;
    }

    private void readAll(DatabaseWatch watch) {
        assertTrue(Future.all(watch.readClock(), watch.readLog(), watch.readBacklog(), watch.readCounts())
                .succeeded());
    }

    private void shows(String sample) {
        assertTrue(metrics.text().contains(sample + "\n"), metrics::text);
    }

    @Test
    void showsNothingOfWhatItHasNotRead() {
        watch();
        String text = metrics.text();
        for (String name : List.of("clock_skew", "undelivered_age", "log_part", "wills_waiting")) {
            assertFalse(text.contains("\ntuskmq_" + name), text);
        }
        assertEquals(0, read.dear);
    }

    @Test
    void showsWhatItHasRead() {
        readAll(watch());
        shows("tuskmq_clock_skew_seconds 1.5");
        shows("tuskmq_sessions{state=\"offline\"} 11");
        shows("tuskmq_wills_waiting 13");
        shows("tuskmq_undelivered_age_seconds 0");
        shows("tuskmq_largest_backlog_messages 0");
    }

    @Test
    void ageIsThatOfTheOldestMessageNow() {
        read.backlog = Optional.of(new Survey.Backlog(NOW_MILLIS - 90_500, 42));
        readAll(watch());
        shows("tuskmq_undelivered_age_seconds 90.5");
        shows("tuskmq_largest_backlog_messages 42");
    }

    @Test
    void partsOfTheLogAreSummedByAge() {
        readAll(watch());
        shows("tuskmq_log_part_bytes{age=\"under_1h\"} 100");
        shows("tuskmq_log_part_bytes{age=\"under_6h\"} 200");
        shows("tuskmq_log_part_rows{age=\"under_6h\"} 14");
        shows("tuskmq_log_part_bytes{age=\"under_1d\"} 0");
        shows("tuskmq_log_part_bytes{age=\"older\"} 100");
    }

    @Test
    void sizesDoNotWaitForTheLookForMessages() {
        read.look = Promise.<Void>promise().future();
        DatabaseWatch watch = watch();
        assertFalse(watch.readBacklog().isComplete());
        assertTrue(watch.readLog().succeeded());
        shows("tuskmq_log_part_bytes{age=\"under_1h\"} 100");
        assertFalse(metrics.text().contains("\ntuskmq_undelivered_age_seconds"));
    }

    @Test
    void onlyOneNodeReadsWhatIsDear() {
        first = false;
        DatabaseWatch watch = watch();
        readAll(watch);
        assertEquals(0, read.dear);
        shows("tuskmq_clock_skew_seconds 1.5");
        assertFalse(metrics.text().contains("state=\"offline\""));
    }

    @Test
    void whoIsNotTheOneAnyMoreHasNoOldFigures() {
        DatabaseWatch watch = watch();
        readAll(watch);
        first = false;
        readAll(watch);
        String text = metrics.text();
        assertFalse(text.contains("state=\"offline\"") || text.contains("\ntuskmq_undelivered_age_seconds"), text);
        assertFalse(text.contains("\ntuskmq_log_part_bytes"), text);
    }
}
