package io.tuskmq.storage;

import static io.tuskmq.storage.Rows.buffers;
import static io.tuskmq.storage.Rows.integers;
import static io.tuskmq.storage.Rows.longs;
import static io.tuskmq.storage.Rows.texts;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Persistent sessions in PostgreSQL: every call is batched over sessions, every write guarded by the epoch (I4). */
final class PgSessions implements Sessions {
    private static final Batcher.Limits CHECKPOINTS = new Batcher.Limits(1, 1_000, 100_000);
    private static final Batcher.Limits RELEASES = new Batcher.Limits(1, 500, 100_000);
    private static final Batcher.Limits RECEIPTS = new Batcher.Limits(1, 1_000, 100_000);

    private record Receipt(long sessionId, long epoch, long number, int packetId) {}

    private final Sql sql;
    private final PgClaims claims;
    private final PgSubscriptions subscriptions;
    private final PgTakes takes;
    private final Batcher<Checkpoint, Boolean> durableCheckpoints;
    private final Batcher<Checkpoint, Boolean> lazyCheckpoints;
    private final Batcher<Release, Boolean> releases;
    private final Batcher<Receipt, Boolean> receipts;

    /**
     * @param sql commits durably
     * @param asynchronous does not wait for the disk ({@link Sql.Options#asynchronousCommit}): for checkpoints that may be lost
     */
    PgSessions(Sql sql, Sql asynchronous) {
        this.sql = sql;
        this.claims = new PgClaims(sql);
        this.subscriptions = new PgSubscriptions(sql);
        this.takes = new PgTakes(sql);
        this.durableCheckpoints = new Batcher<>("checkpoint", CHECKPOINTS, batch -> checkpointAll(sql, batch));
        this.lazyCheckpoints =
                new Batcher<>("lazy checkpoint", CHECKPOINTS, batch -> checkpointAll(asynchronous, batch));
        this.releases = new Batcher<>(
                "release",
                RELEASES,
                batch -> Rounds.run(batch, release -> release.checkpoint().sessionId(), this::releaseAll));
        this.receipts = new Batcher<>("receipt", RECEIPTS, this::forgetAll);
    }

    @Override
    public Future<Claimed> claim(Claim claim) {
        return claims.claim(claim);
    }

    @Override
    public Future<Void> abandon(Claim claim) {
        return claims.abandon(claim);
    }

    @Override
    public Future<Boolean> checkpoint(Checkpoint checkpoint, boolean durable) {
        return (durable ? durableCheckpoints : lazyCheckpoints).submit(checkpoint);
    }

    @Override
    public Future<Taken> checkpoint(Checkpoint checkpoint, List<Take> takes) {
        return this.takes.checkpoint(checkpoint, takes);
    }

    private static Future<List<Boolean>> checkpointAll(Sql connections, List<Checkpoint> batch) {
        return Rounds.run(batch, Checkpoint::sessionId, round -> checkpointRound(connections, round));
    }

    static final String CHECKPOINT = "SELECT held FROM checkpoint_sessions($1, $2, $3, $4, $5, $6, $7) AS held";

    private static Future<List<Boolean>> checkpointRound(Sql connections, List<Checkpoint> round) {
        List<Checkpoint> sorted = sorted(round, Checkpoint::sessionId);
        List<@Nullable Object> columns = columns(sorted);
        columns.add(longs(sorted, Checkpoint::number));
        return connections.query(CHECKPOINT, Tuple.from(columns)).map(rows -> held(rows, round, Checkpoint::sessionId));
    }

    static <T> List<T> sorted(List<T> batch, ToLongFunction<T> id) {
        return batch.stream().sorted(Comparator.comparingLong(id)).toList();
    }

    /** The first six parameters of the functions that write checkpoints: arrays of rows, their cursors laid end to end. */
    static List<@Nullable Object> columns(List<Checkpoint> checkpoints) {
        List<Integer> first = new ArrayList<>();
        List<Integer> last = new ArrayList<>();
        List<Long> cursors = new ArrayList<>();
        for (Checkpoint checkpoint : checkpoints) {
            first.add(cursors.size() + 1);
            Arrays.stream(checkpoint.cursor()).forEach(cursors::add);
            last.add(cursors.size());
        }
        List<@Nullable Object> columns = new ArrayList<>();
        columns.add(longs(checkpoints, Checkpoint::sessionId));
        columns.add(longs(checkpoints, Checkpoint::epoch));
        columns.add(first.toArray(Integer[]::new));
        columns.add(last.toArray(Integer[]::new));
        columns.add(cursors.toArray(Long[]::new));
        columns.add(buffers(checkpoints, Checkpoint::inflight));
        return columns;
    }

    private static <T> List<Boolean> held(RowSet<Row> rows, List<T> batch, ToLongFunction<T> id) {
        Set<Long> held = new HashSet<>(Rows.list(rows, row -> row.getLong("held")));
        return batch.stream().map(one -> held.contains(id.applyAsLong(one))).toList();
    }

    @Override
    public Future<Boolean> release(Release release) {
        return releases.submit(release);
    }

    static final String RELEASE = "SELECT held FROM release_sessions($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS held";

    private Future<List<Boolean>> releaseAll(List<Release> batch) {
        List<Release> sorted = sorted(batch, release -> release.checkpoint().sessionId());
        List<@Nullable Object> columns =
                columns(sorted.stream().map(Release::checkpoint).toList());
        columns.add(longs(sorted, Release::expirySeconds));
        columns.add(longs(sorted, Release::willId));
        columns.add(texts(sorted, release -> PgWills.action(release.will())));
        columns.add(longs(sorted, release -> PgWills.delaySeconds(release.will())));
        return sql.query(RELEASE, Tuple.from(columns))
                .map(rows -> held(rows, batch, release -> release.checkpoint().sessionId()));
    }

    @Override
    public Future<List<StoredSubscription>> subscribe(
            long sessionId, long epoch, long number, List<StoredSubscription> asked) {
        return subscriptions.subscribe(sessionId, epoch, number, asked);
    }

    @Override
    public Future<List<Boolean>> unsubscribe(long sessionId, long epoch, long number, List<SubscriptionKey> keys) {
        return subscriptions.unsubscribe(sessionId, epoch, number, keys);
    }

    @Override
    public Future<Boolean> retainedProgress(
            long sessionId, long epoch, long number, SubscriptionKey key, @Nullable String after) {
        return subscriptions.retainedProgress(sessionId, epoch, number, key, after);
    }

    @Override
    public Future<Boolean> forgetReceipt(long sessionId, long epoch, long number, int packetId) {
        return receipts.submit(new Receipt(sessionId, epoch, number, packetId));
    }

    static final String FORGET = """
            WITH held AS MATERIALIZED (
                SELECT s.session_id, s.epoch FROM session s
                  JOIN (SELECT DISTINCT * FROM unnest($1::bigint[], $2::bigint[])) AS d (id, epoch)
                    ON s.session_id = d.id AND s.epoch = d.epoch
                 ORDER BY s.session_id FOR SHARE OF s
            ), gone AS (
                DELETE FROM receipt r
                 USING unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[]) AS d (session_id, epoch, number, packet_id)
                 WHERE r.session_id = d.session_id AND r.packet_id = d.packet_id AND (r.epoch, r.number) < (d.epoch, d.number)
                   AND (d.session_id, d.epoch) IN (SELECT session_id, epoch FROM held))
            SELECT session_id, epoch FROM held""";

    private Future<List<Boolean>> forgetAll(List<Receipt> batch) {
        return sql.query(
                        FORGET,
                        Tuple.of(
                                longs(batch, Receipt::sessionId),
                                longs(batch, Receipt::epoch),
                                longs(batch, Receipt::number),
                                integers(batch, Receipt::packetId)))
                .map(rows -> {
                    Map<Long, Long> epochs = new HashMap<>();
                    rows.forEach(row -> epochs.put(row.getLong("session_id"), row.getLong("epoch")));
                    return batch.stream()
                            .map(one -> epochs.getOrDefault(one.sessionId(), 0L) == one.epoch())
                            .toList();
                });
    }

    static final String END_EXPIRED = "SELECT end_expired_sessions($1) AS ended";

    @Override
    public Future<Integer> endExpired(int limit) {
        return sql.query(END_EXPIRED, Tuple.of(limit))
                .map(rows -> rows.iterator().next().getInteger("ended"));
    }

    @Override
    public Future<List<Long>> taken(long groupId) {
        return takes.taken(groupId);
    }

    @Override
    public Future<Void> forgetTaken(long groupId, List<Long> logIds) {
        return takes.forget(groupId, logIds);
    }

    static final String END_UNUSED_GROUPS = "SELECT end_unused_groups($1) AS ended";

    @Override
    public Future<Integer> endUnusedGroups(int limit) {
        return sql.query(END_UNUSED_GROUPS, Tuple.of(limit))
                .map(rows -> rows.iterator().next().getInteger("ended"));
    }

    @Override
    public Future<Boolean> exists(String clientId) {
        return sql.query("SELECT FROM session WHERE client_id = $1", Tuple.of(clientId))
                .map(rows -> rows.size() > 0);
    }

    @Override
    public Future<Long> count() {
        return sql.query("SELECT count(*) AS sessions FROM session", Tuple.tuple())
                .map(rows -> rows.iterator().next().getLong("sessions"));
    }
}
