package io.tuskmq.storage;

import static io.tuskmq.storage.Rows.longs;

import io.tuskmq.storage.Sessions.Checkpoint;
import io.tuskmq.storage.Sessions.Take;
import io.tuskmq.storage.Sessions.Taken;
import io.vertx.core.Future;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What members of shared subscriptions take over from their groups (migration V8). */
final class PgTakes {
    private static final Batcher.Limits TAKES = new Batcher.Limits(1, 500, 100_000);

    private record Request(Checkpoint checkpoint, List<Take> takes) {}

    private record OfTaker(long taker, Take take) {}

    private final Sql sql;
    private final Batcher<Request, Taken> batcher;

    PgTakes(Sql sql) {
        this.sql = sql;
        this.batcher = new Batcher<>(
                "take",
                TAKES,
                batch -> Rounds.run(batch, request -> request.checkpoint().sessionId(), this::checkpointRound));
    }

    Future<Taken> checkpoint(Checkpoint checkpoint, List<Take> takes) {
        return batcher.submit(new Request(checkpoint, List.copyOf(takes)));
    }

    static final String CHECKPOINT =
            "SELECT held, outcome FROM checkpoint_takers($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

    private Future<List<Taken>> checkpointRound(List<Request> round) {
        List<Request> sorted =
                PgSessions.sorted(round, request -> request.checkpoint().sessionId());
        List<Checkpoint> checkpoints = sorted.stream().map(Request::checkpoint).toList();
        List<OfTaker> takes = new ArrayList<>();
        for (Request request : sorted) {
            request.takes()
                    .forEach(take -> takes.add(new OfTaker(request.checkpoint().sessionId(), take)));
        }
        List<@Nullable Object> columns = PgSessions.columns(checkpoints);
        columns.add(longs(checkpoints, Checkpoint::number));
        columns.add(longs(takes, OfTaker::taker));
        columns.add(longs(takes, of -> of.take().groupId()));
        columns.add(longs(takes, of -> of.take().groupEpoch()));
        columns.add(longs(takes, of -> of.take().logId()));
        return sql.query(CHECKPOINT, Tuple.from(columns)).map(rows -> {
            Map<Long, Taken> outcomes = new HashMap<>();
            rows.forEach(row -> outcomes.put(
                    row.getLong("held"), row.getString("outcome").equals("held") ? Taken.HELD : Taken.REFUSED));
            return round.stream()
                    .map(request -> outcomes.getOrDefault(request.checkpoint().sessionId(), Taken.LOST))
                    .toList();
        });
    }

    static final String TAKEN = "SELECT log_id FROM taken WHERE group_id = $1";

    Future<List<Long>> taken(long groupId) {
        return sql.query(TAKEN, Tuple.of(groupId)).map(rows -> Rows.list(rows, row -> row.getLong("log_id")));
    }

    static final String FORGET = "DELETE FROM taken WHERE group_id = $1 AND log_id = ANY ($2)";

    Future<Void> forget(long groupId, List<Long> logIds) {
        return sql.query(FORGET, Tuple.of(groupId).addArrayOfLong(logIds.toArray(Long[]::new)))
                .mapEmpty();
    }
}
