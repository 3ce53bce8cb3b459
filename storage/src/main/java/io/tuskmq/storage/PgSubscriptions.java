package io.tuskmq.storage;

import static io.tuskmq.storage.Rows.booleans;
import static io.tuskmq.storage.Rows.integers;
import static io.tuskmq.storage.Rows.longs;
import static io.tuskmq.storage.Rows.shorts;
import static io.tuskmq.storage.Rows.texts;

import io.tuskmq.storage.Sessions.StoredSubscription;
import io.tuskmq.storage.Sessions.SubscriptionKey;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Subscriptions of persistent sessions in PostgreSQL, batched over sessions, each write guarded by its session's epoch (I4, I7). */
final class PgSubscriptions {
    private static final Batcher.Limits LIMITS = new Batcher.Limits(1, 100, 20_000);

    private record Subscribe(long sessionId, long epoch, long number, List<StoredSubscription> subscriptions) {}

    private record Unsubscribe(long sessionId, long epoch, long number, List<SubscriptionKey> keys) {}

    private record Progress(
            long sessionId,
            long epoch,
            long number,
            SubscriptionKey key,
            @Nullable String after) {}

    private record RowKey(long sessionId, SubscriptionKey key) {}

    private final Sql sql;
    private final Batcher<Subscribe, List<StoredSubscription>> subscribes;
    private final Batcher<Unsubscribe, List<Boolean>> unsubscribes;
    private final Batcher<Progress, Boolean> progresses;

    PgSubscriptions(Sql sql) {
        this.sql = sql;
        this.subscribes = new Batcher<>(
                "subscribe", LIMITS, batch -> Rounds.run(batch, Subscribe::sessionId, this::subscribeAll));
        this.unsubscribes = new Batcher<>(
                "unsubscribe", LIMITS, batch -> Rounds.run(batch, Unsubscribe::sessionId, this::unsubscribeAll));
        this.progresses = new Batcher<>(
                "retained progress", LIMITS, batch -> Rounds.run(batch, Progress::sessionId, this::progressAll));
    }

    static StoredSubscription stored(Row row) {
        Long filterId = row.getLong("filter_id");
        return new StoredSubscription(
                row.getString("filter"),
                row.getString("share"),
                row.getShort("qos"),
                row.getBoolean("no_local"),
                row.getBoolean("retain_as_published"),
                row.getShort("retain_handling"),
                row.getInteger("subscription_id"),
                filterId == null ? 0 : filterId,
                Rows.vector(row, "start"),
                row.getString("retained_after"));
    }

    Future<List<StoredSubscription>> subscribe(
            long sessionId, long epoch, long number, List<StoredSubscription> subscriptions) {
        return subscriptions.isEmpty()
                ? Future.succeededFuture(List.of())
                : subscribes.submit(new Subscribe(sessionId, epoch, number, List.copyOf(subscriptions)));
    }

    static final String SUBSCRIBE = "SELECT * FROM subscribe($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

    private record Asked(Subscribe of, StoredSubscription subscription) {}

    private Future<List<List<StoredSubscription>>> subscribeAll(List<Subscribe> batch) {
        // The last one wins when a SUBSCRIBE names a filter twice.
        Map<RowKey, Asked> distinct = new LinkedHashMap<>();
        for (Subscribe one : batch) {
            for (StoredSubscription s : one.subscriptions()) {
                distinct.put(new RowKey(one.sessionId(), key(s)), new Asked(one, s));
            }
        }
        List<Asked> rows = List.copyOf(distinct.values());
        Tuple args = Tuple.from(new @Nullable Object[] {
            longs(rows, asked -> asked.of().sessionId()),
            longs(rows, asked -> asked.of().epoch()),
            texts(rows, asked -> asked.subscription().filter()),
            texts(rows, asked -> asked.subscription().share()),
            shorts(rows, asked -> asked.subscription().qos()),
            booleans(rows, asked -> asked.subscription().noLocal()),
            booleans(rows, asked -> asked.subscription().retainAsPublished()),
            shorts(rows, asked -> asked.subscription().retainHandling()),
            integers(rows, asked -> asked.subscription().subscriptionId()),
            texts(rows, asked -> asked.subscription().retainedAfter()),
            longs(rows, asked -> asked.of().number())
        });
        return sql.query(SUBSCRIBE, args).map(stored -> answers(batch, stored));
    }

    private static SubscriptionKey key(StoredSubscription s) {
        return new SubscriptionKey(s.filter(), s.share());
    }

    private static List<List<StoredSubscription>> answers(List<Subscribe> batch, RowSet<Row> rows) {
        Map<RowKey, StoredSubscription> stored = new HashMap<>();
        for (Row row : rows) {
            StoredSubscription s = stored(row);
            stored.put(new RowKey(row.getLong("session_id"), key(s)), s);
        }
        List<List<StoredSubscription>> answers = new ArrayList<>();
        for (Subscribe one : batch) {
            answers.add(one.subscriptions().stream()
                    .map(s -> stored.get(new RowKey(one.sessionId(), key(s))))
                    .filter(Objects::nonNull)
                    .toList());
        }
        return answers;
    }

    Future<List<Boolean>> unsubscribe(long sessionId, long epoch, long number, List<SubscriptionKey> keys) {
        return keys.isEmpty()
                ? Future.succeededFuture(List.of())
                : unsubscribes.submit(new Unsubscribe(sessionId, epoch, number, List.copyOf(keys)));
    }

    static final String UNSUBSCRIBE = "SELECT * FROM unsubscribe($1, $2, $3, $4, $5, $6)";

    private Future<List<List<Boolean>>> unsubscribeAll(List<Unsubscribe> batch) {
        List<RowKey> rows = batch.stream()
                .flatMap(one -> one.keys().stream().map(key -> new RowKey(one.sessionId(), key)))
                .toList();
        Tuple args = Tuple.of(
                longs(batch, Unsubscribe::sessionId),
                longs(batch, Unsubscribe::epoch),
                longs(batch, Unsubscribe::number),
                longs(rows, RowKey::sessionId),
                texts(rows, row -> row.key().filter()),
                texts(rows, row -> row.key().share()));
        return sql.query(UNSUBSCRIBE, args).map(answer -> {
            Set<Long> held = new HashSet<>();
            Set<Long> again = new HashSet<>();
            Set<RowKey> gone = new HashSet<>();
            for (Row row : answer) {
                held.add(row.getLong("session_id"));
                if (row.getBoolean("again")) {
                    again.add(row.getLong("session_id"));
                }
                if (row.getString("filter") != null) {
                    gone.add(new RowKey(
                            row.getLong("session_id"),
                            new SubscriptionKey(row.getString("filter"), row.getString("share"))));
                }
            }
            List<List<Boolean>> answers = new ArrayList<>();
            for (Unsubscribe one : batch) {
                // Removed as it is answered: a key that is named twice existed only once.
                answers.add(
                        held.contains(one.sessionId())
                                ? one.keys().stream()
                                        .map(key -> again.contains(one.sessionId())
                                                || gone.remove(new RowKey(one.sessionId(), key)))
                                        .toList()
                                : List.of());
            }
            return answers;
        });
    }

    Future<Boolean> retainedProgress(
            long sessionId, long epoch, long number, SubscriptionKey key, @Nullable String after) {
        return progresses.submit(new Progress(sessionId, epoch, number, key, after));
    }

    static final String PROGRESS = """
            WITH held AS MATERIALIZED (
                SELECT s.session_id, s.epoch, d.filter, d.share, d.after, d.number
                  FROM session s
                  JOIN unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[])
                       AS d (id, epoch, filter, share, after, number) ON s.session_id = d.id AND s.epoch = d.epoch
                 ORDER BY s.session_id FOR SHARE OF s
            ), written AS (
                UPDATE subscription x SET retained_after = held.after, epoch = held.epoch, number = held.number FROM held
                 WHERE x.session_id = held.session_id AND x.filter = held.filter AND x.share = held.share
                   AND (x.epoch, x.number) < (held.epoch, held.number))
            SELECT session_id FROM held""";

    private Future<List<Boolean>> progressAll(List<Progress> batch) {
        Tuple args = Tuple.of(
                longs(batch, Progress::sessionId),
                longs(batch, Progress::epoch),
                texts(batch, one -> one.key().filter()),
                texts(batch, one -> one.key().share()),
                texts(batch, Progress::after),
                longs(batch, Progress::number));
        return sql.query(PROGRESS, args).map(rows -> {
            Set<Long> held = new HashSet<>(Rows.list(rows, row -> row.getLong("session_id")));
            return batch.stream().map(one -> held.contains(one.sessionId())).toList();
        });
    }
}
