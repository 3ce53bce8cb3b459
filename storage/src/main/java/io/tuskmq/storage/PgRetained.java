package io.tuskmq.storage;

import io.tuskmq.storage.rules.RetainedSearch;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Retained messages in PostgreSQL.
 *
 * <p>A topic is a key; a filter whose wildcards come last is a range of keys. For an earlier wildcard there are two ways, and the
 * planner's estimates choose: read the range in the order of topics and drop what lacks the filter's tags (good when much matches), or
 * take what has the tags from their index and sort it (good when little does). A page of a range reads a bounded number of keys, even
 * if that yields few messages: no statement scans the table.
 */
final class PgRetained implements Retained {
    /** Below this many expected rows, all that has the tags is taken and sorted for each page. */
    static final int TAGGED_MAX = 10_000;

    /** A row found by its tags costs as much as these many of a range, which lie side by side. */
    static final int TAGGED_COST = 4;

    /** Keys that one page of a range looks at. */
    static final int SCANNED_MAX = 20_000;

    private static final Batcher.Limits EXACT = new Batcher.Limits(2, 500, 20_000);

    private final Sql sql;
    private final Batcher<String, Page> exact;

    PgRetained(Sql sql) {
        this.sql = sql;
        this.exact = new Batcher<>("retained", EXACT, this::findTopics);
    }

    @Override
    public Future<Page> find(String topicFilter, String afterTopic, int limit) {
        return switch (RetainedSearch.of(topicFilter)) {
            case RetainedSearch.Exact one ->
                afterTopic.isEmpty() ? exact.submit(one.topic()) : Future.succeededFuture(new Page(List.of(), null));
            case RetainedSearch.Range range ->
                range.tags().length == 0
                        ? findRange(range, afterTopic, limit)
                        : isTaggedShorter(range)
                                .compose(tagged -> tagged
                                        ? findTagged(range, afterTopic, limit)
                                        : findRange(range, afterTopic, limit));
        };
    }

    static final String TOPICS = """
            SELECT topic, qos, expires_at, properties, payload FROM retained
             WHERE topic = ANY ($1) AND (expires_at IS NULL OR expires_at > now_millis())""";

    private Future<List<Page>> findTopics(List<String> topics) {
        String[] distinct = topics.stream().distinct().toArray(String[]::new);
        return sql.query(TOPICS, Tuple.of(distinct)).map(rows -> {
            Map<String, Page> found = new HashMap<>();
            for (Row row : rows) {
                Message message = message(row);
                found.put(message.topic(), new Page(List.of(message), null));
            }
            Page none = new Page(List.of(), null);
            return topics.stream().map(topic -> found.getOrDefault(topic, none)).toList();
        });
    }

    private static Message message(Row row) {
        Long expiresAt = row.getLong("expires_at");
        return new Message(
                row.getString("topic"),
                Rows.bytes(row, "payload"),
                row.getShort("qos"),
                true,
                Rows.bytes(row, "properties"),
                expiresAt == null ? 0 : expiresAt,
                0);
    }

    static final String ESTIMATE_TAGGED = "EXPLAIN SELECT 1 FROM retained WHERE tags @> $1";

    static final String ESTIMATE_RANGE = "EXPLAIN SELECT 1 FROM retained WHERE topic >= $1 AND topic < $2";

    /** Asks the planner how many topics have the tags, and how many lie in the range; by its statistics, without reading any. */
    Future<Boolean> isTaggedShorter(RetainedSearch.Range range) {
        Future<Long> tagged = sql.query(ESTIMATE_TAGGED, Tuple.of(range.tags())).map(PgRetained::estimate);
        Future<Long> inRange =
                sql.query(ESTIMATE_RANGE, Tuple.of(range.from(), end(range))).map(PgRetained::estimate);
        return Future.all(tagged, inRange)
                .map(done -> tagged.result() <= TAGGED_MAX && tagged.result() * TAGGED_COST <= inRange.result());
    }

    private static long estimate(RowSet<Row> plan) {
        String top = plan.iterator().next().getString(0);
        int rows = top.indexOf("rows=") + "rows=".length();
        return Long.parseLong(top.substring(rows, top.indexOf(' ', rows)));
    }

    static final String TAGGED = "SELECT * FROM retained_with_tags($1, $2, $3, $4, $5, $6)";

    private Future<Page> findTagged(RetainedSearch.Range range, String after, int limit) {
        Tuple args = Tuple.of(range.tags(), after, range.from(), end(range), !range.withoutDollar(), limit);
        return sql.query(TAGGED, args).map(rows -> {
            List<Message> messages = Rows.list(rows, PgRetained::message);
            return new Page(
                    messages,
                    messages.size() < limit ? null : messages.getLast().topic());
        });
    }

    static final String RANGE = "SELECT * FROM retained_in_range($1, $2, $3, $4, $5, $6, $7, $8)";

    /** Above every topic that can be a key (2,704 bytes at most): the last code point, over and over. */
    private static final String END = "\uDBFF\uDFFF".repeat(700);

    private static String end(RetainedSearch.Range range) {
        return range.to().isEmpty() ? END : range.to();
    }

    private Future<Page> findRange(RetainedSearch.Range range, String after, int limit) {
        Tuple args = Tuple.of(
                after,
                range.parent(),
                range.from(),
                end(range),
                range.tags(),
                !range.withoutDollar(),
                limit,
                SCANNED_MAX);
        return sql.query(RANGE, args).map(rows -> {
            List<Message> messages = new ArrayList<>();
            @Nullable String bound = null;
            for (Row row : rows) {
                bound = row.getString("bound");
                if (row.getString("topic") != null) {
                    messages.add(message(row));
                }
            }
            boolean full = messages.size() == limit;
            return new Page(messages, full ? messages.getLast().topic() : bound);
        });
    }

    static final String DELETE_EXPIRED = """
            DELETE FROM retained WHERE topic = ANY (ARRAY(
                SELECT topic FROM retained WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))""";

    @Override
    public Future<Integer> deleteExpired(int limit) {
        return sql.query("SELECT now_millis() AS now", Tuple.tuple())
                .compose(rows -> sql.query(
                        DELETE_EXPIRED, Tuple.of(rows.iterator().next().getLong("now"), limit)))
                .map(RowSet::rowCount);
    }

    @Override
    public Future<Long> count() {
        return sql.query("SELECT count(*) AS messages FROM retained", Tuple.tuple())
                .map(rows -> rows.iterator().next().getLong("messages"));
    }

    static final String USAGE =
            "SELECT sum(messages)::bigint AS messages, sum(bytes)::bigint AS bytes FROM retained_usage";

    @Override
    public Future<Usage> usage() {
        return sql.query(USAGE, Tuple.tuple()).map(rows -> {
            Row row = rows.iterator().next();
            return new Usage(row.getLong("messages"), row.getLong("bytes"));
        });
    }
}
