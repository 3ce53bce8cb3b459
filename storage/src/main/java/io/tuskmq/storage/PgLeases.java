package io.tuskmq.storage;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Node processes and their lanes, by the clock of PostgreSQL (functions of migrations V2 and V6). */
final class PgLeases implements Leases {
    private static final String REGISTER =
            "SELECT incarnation, lane_id, head FROM register_node($1, $2, $3, $4, $5, $6)";
    private static final String FENCE_NAMESAKES =
            "SELECT fence_node(n.incarnation) FROM (SELECT incarnation FROM node WHERE name = $1 ORDER BY incarnation) n";
    private static final String HAS_NAMESAKE = """
            SELECT EXISTS (SELECT FROM node WHERE name = $1 AND incarnation <> $2 AND lease_until > clock_timestamp())""";
    private static final String NAMESAKES = """
            SELECT incarnation, (extract(epoch FROM lease_until) * 1000000)::bigint AS lease_until_micros FROM node
             WHERE name = $1 AND lease_until > clock_timestamp() ORDER BY incarnation""";
    static final String HEARTBEAT = "SELECT * FROM heartbeat($1, $2)";
    private static final String REVOKE = "SELECT revoke_node($1, $2)";
    private static final String SECRET = "SELECT secret FROM cluster_secret";
    private static final String FENCE = "SELECT fence_node($1)";
    private static final String EXPIRED =
            "SELECT incarnation FROM node WHERE lease_until < clock_timestamp() ORDER BY incarnation LIMIT 100";
    private static final String FENCE_EXPIRED = "SELECT fence_expired_node($1)";
    static final String SETTLE = "SELECT handled, more FROM settle_ended($1)";

    /** Sessions and wills of an ended node that are settled in one transaction: claims wait for no more than that. */
    private static final int SETTLED_MAX = 1_000;

    private static final Logger log = LoggerFactory.getLogger(PgLeases.class);

    private final Sql renewals;
    private final Sql sql;
    private final PgPartitions partitions;
    private final AtomicBoolean settling = new AtomicBoolean();

    /** @param renewals where the own lease is renewed: nothing else waits there */
    PgLeases(Sql renewals, Sql sql, PgPartitions partitions) {
        this.renewals = renewals;
        this.sql = sql;
        this.partitions = partitions;
    }

    @Override
    public Future<Lease> register(String nodeName, int lanes, long leaseMillis, Optional<Address> address) {
        Tuple arguments = Tuple.of(nodeName, lanes, leaseMillis)
                .addString(address.map(Address::linkHost).orElse(null))
                .addInteger(address.map(Address::linkPort).orElse(null))
                .addInteger(address.map(Address::memberPort).orElse(null));
        // Who is about to append finds partitions.
        return partitions
                .ensureAhead()
                .compose(made -> sql.query(REGISTER, arguments))
                .map(rows -> {
                    List<Lane> leased = new ArrayList<>();
                    for (Row row : rows) {
                        leased.add(
                                new Lane(row.getInteger("lane_id"), row.getLong("head"), row.getLong("incarnation")));
                    }
                    leased.sort(Comparator.comparingInt(Lane::laneId));
                    return new Lease(leased.getFirst().incarnation(), leased);
                });
    }

    @Override
    public Future<Void> endNamesakes(String nodeName) {
        return sql.query(FENCE_NAMESAKES, Tuple.of(nodeName)).compose(ended -> settle());
    }

    @Override
    public Future<List<Namesake>> namesakes(String nodeName) {
        return sql.query(NAMESAKES, Tuple.of(nodeName)).map(rows -> {
            List<Namesake> namesakes = new ArrayList<>();
            for (Row row : rows) {
                namesakes.add(new Namesake(row.getLong("incarnation"), row.getLong("lease_until_micros")));
            }
            return namesakes;
        });
    }

    @Override
    public Future<Boolean> hasNamesake(String nodeName, long notThisIncarnation) {
        return sql.query(HAS_NAMESAKE, Tuple.of(nodeName, notThisIncarnation)).map(PgLeases::isTrue);
    }

    @Override
    public Future<Heartbeat> renew(long incarnation, long leaseMillis) {
        return renewals.query(HEARTBEAT, Tuple.of(incarnation, leaseMillis)).map(rows -> {
            if (rows.size() == 0) {
                throw revoked(incarnation);
            }
            return heartbeat(rows.iterator().next());
        });
    }

    private static StorageException revoked(long incarnation) {
        return new StorageException(
                StorageException.Kind.FENCED, "the lease of incarnation " + incarnation + " was revoked", null);
    }

    private static Heartbeat heartbeat(Row row) {
        Long[] heads = row.getArrayOfLongs("lane_heads");
        Long[] lasts = row.getArrayOfLongs("lane_lasts");
        Long[] owners = row.getArrayOfLongs("lane_owners");
        List<LaneState> lanes = new ArrayList<>(heads.length);
        for (int i = 0; i < heads.length; i++) {
            lanes.add(new LaneState(i + 1, owners[i], heads[i], lasts[i]));
        }
        Long[] incarnations = row.getArrayOfLongs("incarnations");
        String[] names = row.getArrayOfStrings("names");
        @Nullable String[] linkHosts = row.getArrayOfStrings("link_hosts");
        Integer[] linkPorts = row.getArrayOfIntegers("link_ports");
        Integer[] memberPorts = row.getArrayOfIntegers("member_ports");
        List<LiveNode> nodes = new ArrayList<>(incarnations.length);
        for (int i = 0; i < incarnations.length; i++) {
            // All three or none (a CHECK of the table).
            @Nullable String linkHost = linkHosts[i];
            Optional<Address> address = linkHost == null
                    ? Optional.empty()
                    : Optional.of(new Address(linkHost, linkPorts[i], memberPorts[i]));
            nodes.add(new LiveNode(incarnations[i], names[i], address));
        }
        return new Heartbeat(PgLog.vector(heads), lanes, nodes);
    }

    @Override
    public Future<Boolean> revoke(long me, long victim) {
        return sql.query(REVOKE, Tuple.of(me, victim)).compose(rows -> switch (rows.iterator()
                .next()
                .getString(0)) {
            case "ended" -> settle().map(true);
            case "gone" -> Future.succeededFuture(false);
            case "late" ->
                Future.failedFuture(new StorageException(
                        StorageException.Kind.TRANSIENT, "the lease of incarnation " + me + " has run out", null));
            default -> Future.failedFuture(revoked(me));
        });
    }

    @Override
    public Future<byte[]> secret() {
        return sql.query(SECRET, Tuple.tuple())
                .map(rows -> Rows.bytes(rows.iterator().next(), "secret"));
    }

    @Override
    public Future<Void> release(long incarnation) {
        return sql.query(FENCE, Tuple.of(incarnation)).compose(ended -> settleAll());
    }

    @Override
    public Future<List<Long>> endExpired() {
        return sql.query(EXPIRED, Tuple.tuple()).compose(this::endExpired).compose(ended -> settle().map(ended));
    }

    private Future<List<Long>> endExpired(RowSet<Row> expired) {
        Future<List<Long>> chain = Future.succeededFuture(new ArrayList<>());
        for (Row row : expired) {
            long incarnation = row.getLong(0);
            chain = chain.compose(ended -> sql.query(FENCE_EXPIRED, Tuple.of(incarnation))
                    .map(result -> {
                        if (isTrue(result)) {
                            ended.add(incarnation);
                        }
                        return ended;
                    }));
        }
        return chain;
    }

    /** What an ended node left, or as much of it as goes at once: the rest goes by itself, so that nobody's heartbeat waits for it. */
    private Future<Void> settle() {
        return settleSome().map(more -> {
            if (more && settling.compareAndSet(false, true)) {
                settleAll()
                        .onComplete(done -> settling.set(false))
                        // The next heartbeat of any node goes on with it.
                        .onFailure(e -> log.warn("ended nodes are not settled yet reason={}", e.getMessage()));
            }
            return null;
        });
    }

    private Future<Void> settleAll() {
        return settleSome().compose(more -> more ? settleAll() : Future.succeededFuture());
    }

    /** True when there is more to settle that nobody else is about to change. */
    private Future<Boolean> settleSome() {
        return sql.query(SETTLE, Tuple.of(SETTLED_MAX)).map(rows -> {
            Row row = rows.iterator().next();
            return row.getBoolean("more") && row.getInteger("handled") > 0;
        });
    }

    private static boolean isTrue(RowSet<Row> rows) {
        return rows.iterator().next().getBoolean(0);
    }
}
