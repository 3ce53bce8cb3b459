package io.tuskmq.storage;

import static io.tuskmq.storage.Rows.booleans;
import static io.tuskmq.storage.Rows.buffers;
import static io.tuskmq.storage.Rows.longs;
import static io.tuskmq.storage.Rows.texts;

import io.tuskmq.storage.Sessions.Claim;
import io.tuskmq.storage.Sessions.Claimed;
import io.tuskmq.storage.Sessions.NewWill;
import io.tuskmq.storage.Sessions.SessionState;
import io.tuskmq.storage.Sessions.StoredSubscription;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Claims sessions in PostgreSQL, up to a hundred CONNECTs in one call: a storm of connects costs a fraction of what single calls do. What
 * a claimed session holds is read after its claim was committed; from then on only its new owner can change it.
 */
final class PgClaims {
    static final Batcher.Limits LIMITS = new Batcher.Limits(2, 100, 20_000, 50);

    static final Batcher.Limits ABANDONED = new Batcher.Limits(1, 500, 100_000);

    /** What became of a claim: it was answered or refused, one of the two. */
    private record Outcome(
            @Nullable Claimed claimed, @Nullable StorageException refused) {}

    private record Done() {}

    private final Sql sql;
    private final Batcher<Claim, Outcome> batcher;
    private final Batcher<Claim, Done> abandoned;

    PgClaims(Sql sql) {
        this.sql = sql;
        this.batcher = new Batcher<>("claim", LIMITS, batch -> Rounds.run(batch, Claim::clientId, this::claimAll));
        this.abandoned = new Batcher<>("abandon", ABANDONED, this::abandonAll);
    }

    Future<Claimed> claim(Claim claim) {
        return batcher.submit(claim).map(answer -> {
            if (answer.refused() != null) {
                throw answer.refused();
            }
            return Objects.requireNonNull(answer.claimed());
        });
    }

    static final String ABANDON = "SELECT abandon_claims($1, $2, $3)";

    Future<Void> abandon(Claim claim) {
        return abandoned.submit(claim).mapEmpty();
    }

    private Future<List<Done>> abandonAll(List<Claim> claims) {
        return sql.query(
                        ABANDON,
                        Tuple.of(
                                texts(claims, Claim::clientId),
                                longs(claims, Claim::incarnation),
                                longs(claims, Claim::token)))
                .map(rows -> Collections.nCopies(claims.size(), new Done()));
    }

    static final String CLAIM = "SELECT * FROM claim_all($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

    private Future<List<Outcome>> claimAll(List<Claim> claims) {
        return sql.query(CLAIM, Tuple.from(new @Nullable Object[] {
                    texts(claims, Claim::clientId),
                    texts(claims, Claim::principal),
                    longs(claims, Claim::incarnation),
                    booleans(claims, Claim::cleanStart),
                    longs(claims, Claim::expirySeconds),
                    booleans(claims, Claim::force),
                    texts(claims, ofWill(will -> will.message().topic())),
                    claims.stream()
                            .map(ofWill(will -> (short) will.message().qos()))
                            .toArray(Short[]::new),
                    claims.stream().map(ofWill(will -> will.message().retain())).toArray(Boolean[]::new),
                    buffers(claims, ofWill(will -> PgWills.orNull(will.message().properties()))),
                    buffers(claims, ofWill(will -> will.message().payload())),
                    claims.stream().map(ofWill(NewWill::delaySeconds)).toArray(Long[]::new),
                    claims.stream().map(ofWill(NewWill::messageExpirySeconds)).toArray(Long[]::new),
                    longs(claims, Claim::token)
                }))
                .compose(rows -> withWhatTheyHold(claims, rows));
    }

    private static <T> Function<Claim, @Nullable T> ofWill(Function<NewWill, @Nullable T> value) {
        return claim -> claim.will() == null ? null : value.apply(claim.will());
    }

    /** What the claimed sessions hold, by session id; and the wills that are due, by client id. */
    private record Held(
            Map<Long, List<StoredSubscription>> subscriptions,
            Map<Long, List<Integer>> receipts,
            Map<String, List<Wills.DueWill>> wills) {}

    /** Which of the claimed sessions, and clients, have something to be read: most have nothing, and cost no statement. */
    private record Wanted(List<Long> subscriptionsOf, List<Long> receiptsOf, List<String> willsOf) {
        boolean isEmpty() {
            return subscriptionsOf.isEmpty() && receiptsOf.isEmpty() && willsOf.isEmpty();
        }
    }

    private Future<List<Outcome>> withWhatTheyHold(List<Claim> claims, RowSet<Row> rows) {
        Wanted wanted = new Wanted(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (Row row : rows) {
            if (row.getString("outcome").equals("owned")) {
                if (row.getBoolean("subscribed")) {
                    wanted.subscriptionsOf().add(row.getLong("session_id"));
                }
                if (row.getBoolean("received")) {
                    wanted.receiptsOf().add(row.getLong("session_id"));
                }
                if (row.getBoolean("due")) {
                    wanted.willsOf().add(claims.get(row.getInteger("nth") - 1).clientId());
                }
            }
        }
        // Tried twice, and never another failure than TRANSIENT: the sessions are ours by now.
        return held(wanted)
                .recover(lost -> held(wanted))
                .recover(lost -> Future.failedFuture(new StorageException(
                        StorageException.Kind.TRANSIENT, "what claimed sessions hold can't be read", lost)))
                .map(held -> {
                    @Nullable Outcome[] answers = new Outcome[claims.size()];
                    for (Row row : rows) {
                        int nth = row.getInteger("nth") - 1;
                        answers[nth] = outcome(claims.get(nth), row, held);
                    }
                    return List.of(answers);
                });
    }

    private static Outcome outcome(Claim claim, Row row, Held held) {
        return switch (row.getString("outcome")) {
            case "fenced" ->
                new Outcome(
                        null, new StorageException(StorageException.Kind.FENCED, "the node's lease was revoked", null));
            case "abandoned" ->
                new Outcome(
                        null, new StorageException(StorageException.Kind.TRANSIENT, "the claim was abandoned", null));
            default -> new Outcome(claimed(claim, row, held), null);
        };
    }

    private static Claimed claimed(Claim claim, Row row, Held held) {
        return switch (row.getString("outcome")) {
            case "owned" -> {
                long sessionId = row.getLong("session_id");
                yield new Claimed.Owned(
                        sessionId,
                        row.getLong("epoch"),
                        row.getBoolean("present"),
                        new SessionState(
                                Rows.vector(row, "cursor"),
                                Rows.bytes(row, "inflight"),
                                held.subscriptions().getOrDefault(sessionId, List.of()),
                                held.receipts().getOrDefault(sessionId, List.of())),
                        row.getLong("will_id"),
                        held.wills().getOrDefault(claim.clientId(), List.of()));
            }
            case "principal" -> new Claimed.OtherPrincipal();
            case "elsewhere" -> new Claimed.OwnedElsewhere(row.getLong("owner"));
            default -> throw new IllegalStateException(row.getString("outcome"));
        };
    }

    static final String SUBSCRIPTIONS = """
            SELECT * FROM subscription WHERE session_id = ANY ($1) ORDER BY session_id, filter, share""";

    static final String RECEIPTS = """
            SELECT session_id, packet_id FROM receipt WHERE session_id = ANY ($1) ORDER BY session_id, packet_id""";

    static final String DUE_WILLS = """
            SELECT * FROM will WHERE client_id = ANY ($1) AND due_at <= now() ORDER BY will_id""";

    private Future<Held> held(Wanted wanted) {
        Held held = new Held(new HashMap<>(), new HashMap<>(), new HashMap<>());
        if (wanted.isEmpty()) {
            return Future.succeededFuture(held);
        }
        return sql.connection(connection -> Future.all(
                        read(
                                connection,
                                SUBSCRIPTIONS,
                                wanted.subscriptionsOf().toArray(Long[]::new),
                                row -> add(
                                        held.subscriptions(), row.getLong("session_id"), PgSubscriptions.stored(row))),
                        read(
                                connection,
                                RECEIPTS,
                                wanted.receiptsOf().toArray(Long[]::new),
                                row -> add(held.receipts(), row.getLong("session_id"), row.getInteger("packet_id"))),
                        read(
                                connection,
                                DUE_WILLS,
                                wanted.willsOf().toArray(String[]::new),
                                row -> add(held.wills(), row.getString("client_id"), PgWills.dueWill(row))))
                .map(held));
    }

    private static Future<Void> read(SqlConnection connection, String statement, Object[] of, Consumer<Row> each) {
        if (of.length == 0) {
            return Future.succeededFuture();
        }
        return connection.preparedQuery(statement).execute(Tuple.of(of)).map(rows -> {
            rows.forEach(each);
            return null;
        });
    }

    private static <K, V> void add(Map<K, List<V>> lists, K key, V value) {
        lists.computeIfAbsent(key, k -> new ArrayList<>()).add(value);
    }
}
