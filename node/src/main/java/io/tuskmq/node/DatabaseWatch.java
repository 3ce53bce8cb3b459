package io.tuskmq.node;

import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.session.Shards;
import io.tuskmq.storage.Store;
import io.tuskmq.storage.Survey;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;

/**
 * Reads now and then what the database holds, for metrics: what costs more than a look by one node for all ({@code first}), so that the
 * others have no samples of it. Never when the page is asked for.
 */
final class DatabaseWatch {
    static final long CLOCK_MILLIS = 10_000;
    static final long LOG_MILLIS = 30_000;
    static final long COUNTS_MILLIS = 60_000;

    private static final double MILLIS = 1_000;
    private static final double MICROS = 1_000_000;

    /** Ages of the log's parts are told by these: the label, and up to how many hours. */
    private static final Map<String, Long> AGES = ages();

    private final Survey survey;
    private final BooleanSupplier first;
    private final LongSupplier wallMicros;
    private volatile OptionalDouble skewSeconds = OptionalDouble.empty();
    private volatile List<Survey.LogPart> log = List.of();
    private volatile Optional<Survey.Counts> counts = Optional.empty();
    /** Empty: not known; with an empty one: nobody waits. */
    private volatile Optional<Optional<Survey.Backlog>> backlog = Optional.empty();

    /** @param first whether this node reads for all */
    DatabaseWatch(Survey survey, BooleanSupplier first) {
        this(survey, first, () -> TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis()));
    }

    DatabaseWatch(Survey survey, BooleanSupplier first, LongSupplier wallMicros) {
        this.survey = survey;
        this.first = first;
        this.wallMicros = wallMicros;
    }

    private static Map<String, Long> ages() {
        Map<String, Long> ages = new LinkedHashMap<>();
        ages.put("under_1h", 1L);
        ages.put("under_6h", 6L);
        ages.put("under_1d", 24L);
        ages.put("under_3d", 72L);
        ages.put("older", Long.MAX_VALUE);
        return ages;
    }

    /** How far this node's clock is before the database's, but for half of the time that the answer took. */
    Future<Void> readClock() {
        long sent = wallMicros.getAsLong();
        return survey.clockMicros()
                .onSuccess(database ->
                        skewSeconds = OptionalDouble.of(((sent + wallMicros.getAsLong()) / 2.0 - database) / MICROS))
                .mapEmpty();
    }

    Future<Void> readCounts() {
        if (!first.getAsBoolean()) {
            counts = Optional.empty();
            return Future.succeededFuture();
        }
        return survey.counts()
                .onComplete(read -> counts = Optional.of(read), failure -> counts = Optional.empty())
                .mapEmpty();
    }

    Future<Void> readLog() {
        if (!first.getAsBoolean()) {
            log = List.of();
            return Future.succeededFuture();
        }
        return survey.log()
                .onComplete(read -> log = read, failure -> log = List.of())
                .mapEmpty();
    }

    /** It may take long: the sizes of the log's parts do not wait for it. */
    Future<Void> readBacklog() {
        if (!first.getAsBoolean()) {
            backlog = Optional.empty();
            return Future.succeededFuture();
        }
        // What can't be read is not known: an age from before would go on growing.
        return survey.backlog()
                .onComplete(read -> backlog = Optional.of(read), failure -> backlog = Optional.empty())
                .mapEmpty();
    }

    /** Makes all of it metrics. */
    void register(Metrics metrics, Shards shards, Store store) {
        metrics.known(
                "tuskmq_clock_skew_seconds", "How far this node's clock is before PostgreSQL's.", () -> skewSeconds);
        metrics.each(
                "tuskmq_sessions",
                "Stored sessions and groups: live, behind (they read the log), and, at one node for all, offline.",
                "state",
                () -> sessions(shards));
        registerLog(metrics);
        metrics.known(
                "tuskmq_wills_waiting",
                "Wills of connections that have ended, whose delay has not, at one node for all.",
                () -> of(asFirst(counts).map(Survey.Counts::willsWaiting)));
        Map<String, String> pool = Map.of("state", "in_use");
        String help = "Connections to PostgreSQL besides those of the lanes: in use, and how many there may be.";
        metrics.gauge(
                "tuskmq_database_connections",
                help,
                pool,
                () -> store.connections().inUse());
        metrics.gauge(
                "tuskmq_database_connections",
                help,
                Map.of("state", "max"),
                () -> store.connections().max());
        metrics.gauge(
                "tuskmq_database_calls_waiting",
                "Calls that wait for a connection to PostgreSQL.",
                () -> store.connections().waiting());
    }

    private void registerLog(Metrics metrics) {
        metrics.each(
                "tuskmq_log_part_bytes",
                "Size of the log's parts on disk by their age, at one node for all.",
                "age",
                () -> byAge(Survey.LogPart::bytes));
        metrics.each(
                "tuskmq_log_part_rows",
                "Rows of the log's parts by their age, as PostgreSQL estimates them, at one node for all.",
                "age",
                () -> byAge(Survey.LogPart::rows));
        metrics.known(
                "tuskmq_undelivered_age_seconds",
                "Age of the oldest message that still waits for a stored session, at one node for all; 0 when none does.",
                this::undeliveredSeconds);
        metrics.known(
                "tuskmq_largest_backlog_messages",
                "Most messages that wait for one session, among the 10 that have waited longest, at one node for all; counted to 10,000.",
                () -> of(asFirst(backlog)
                        .map(waiting -> waiting.map(Survey.Backlog::most).orElse(0L))));
    }

    private OptionalDouble undeliveredSeconds() {
        Optional<Optional<Survey.Backlog>> read = asFirst(backlog);
        return read.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(read.get()
                        .map(waiting -> Math.max(0, (nowMillis() - waiting.sinceMillis()) / MILLIS))
                        .orElse(0.0));
    }

    private long nowMillis() {
        return TimeUnit.MICROSECONDS.toMillis(wallMicros.getAsLong());
    }

    /** A node that is not the first any more shows nothing of when it was. */
    private <T> Optional<T> asFirst(Optional<T> read) {
        return first.getAsBoolean() ? read : Optional.empty();
    }

    private static OptionalDouble of(Optional<Long> value) {
        return value.isPresent() ? OptionalDouble.of(value.get()) : OptionalDouble.empty();
    }

    private Map<String, Double> sessions(Shards shards) {
        Map<String, Double> states = new HashMap<>();
        states.put("live", (double) shards.live());
        states.put("behind", (double) shards.behind());
        asFirst(counts).ifPresent(read -> states.put("offline", (double) read.offline()));
        return states;
    }

    private Map<String, Double> byAge(ToLongFunction<Survey.LogPart> figure) {
        Map<String, Double> byAge = new HashMap<>();
        List<Survey.LogPart> parts = first.getAsBoolean() ? log : List.of();
        if (parts.isEmpty()) {
            return byAge;
        }
        AGES.keySet().forEach(age -> byAge.put(age, 0.0));
        for (Survey.LogPart part : parts) {
            long hours = TimeUnit.MILLISECONDS.toHours(nowMillis() - part.fromMillis());
            for (Map.Entry<String, Long> age : AGES.entrySet()) {
                if (hours < age.getValue()) {
                    byAge.merge(age.getKey(), (double) figure.applyAsLong(part), Double::sum);
                    break;
                }
            }
        }
        return byAge;
    }
}
