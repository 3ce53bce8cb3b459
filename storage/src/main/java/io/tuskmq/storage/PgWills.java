package io.tuskmq.storage;

import static io.tuskmq.storage.Rows.longs;
import static io.tuskmq.storage.Rows.texts;

import io.tuskmq.storage.Sessions.WillAction;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Wills in PostgreSQL. */
final class PgWills implements Wills {
    private static final Batcher.Limits LIMITS = new Batcher.Limits(1, 500, 100_000);

    private record Applied(long willId, WillAction action) {}

    private record Done() {}

    private final Sql sql;
    private final Batcher<Applied, Done> batcher;

    PgWills(Sql sql) {
        this.sql = sql;
        this.batcher = new Batcher<>("will", LIMITS, batch -> Rounds.run(batch, Applied::willId, this::applyAll));
    }

    static final String DUE = """
            SELECT * FROM will WHERE due_at <= now() ORDER BY due_at LIMIT $1""";

    @Override
    public Future<List<DueWill>> due(int limit) {
        return sql.query(DUE, Tuple.of(limit)).map(rows -> Rows.list(rows, PgWills::dueWill));
    }

    static DueWill dueWill(Row row) {
        Long sessionId = row.getLong("session_id");
        Message message = new Message(
                row.getString("topic"),
                Rows.bytes(row, "payload"),
                row.getShort("qos"),
                row.getBoolean("retain"),
                Rows.bytes(row, "properties"),
                0,
                sessionId == null ? 0 : sessionId);
        return new DueWill(
                row.getLong("will_id"), row.getString("client_id"), message, row.getLong("message_expiry_seconds"));
    }

    @Override
    public Future<Void> apply(long willId, WillAction action) {
        return action instanceof WillAction.Nothing
                ? Future.succeededFuture()
                : batcher.submit(new Applied(willId, action)).mapEmpty();
    }

    static final String APPLY = "SELECT apply_wills($1, $2, $3)";

    private Future<List<Done>> applyAll(List<Applied> batch) {
        List<Applied> sorted =
                batch.stream().sorted(Comparator.comparingLong(Applied::willId)).toList();
        return sql.query(
                        APPLY,
                        Tuple.of(
                                longs(sorted, Applied::willId),
                                texts(sorted, applied -> action(applied.action())),
                                longs(sorted, applied -> delaySeconds(applied.action()))))
                .map(rows -> Collections.nCopies(batch.size(), new Done()));
    }

    /** The action's name in SQL. */
    static String action(WillAction action) {
        return switch (action) {
            case WillAction.Drop drop -> "drop";
            case WillAction.Schedule schedule -> "schedule";
            case WillAction.Nothing nothing -> "nothing";
        };
    }

    static long delaySeconds(WillAction action) {
        return action instanceof WillAction.Schedule schedule ? schedule.delaySeconds() : 0;
    }

    /** Empty properties are stored as NULL. */
    static byte @Nullable [] orNull(byte[] bytes) {
        return bytes.length == 0 ? null : bytes;
    }
}
