package io.tuskmq.storage;

import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Node processes and their lanes, by the clock of PostgreSQL (functions of migrations V2 and V6). */
final class PgLeases implements Leases {
    private static final String REGISTER =
            "SELECT incarnation, lane_id, head FROM register_node($1, $2, $3, $4, $5, $6)";
    private static final String END_NAMESAKES =
            "SELECT end_node(n.incarnation) FROM (SELECT incarnation FROM node WHERE name = $1 ORDER BY incarnation) n";
    private static final String HAS_NAMESAKE = """
            SELECT EXISTS (SELECT FROM node WHERE name = $1 AND incarnation <> $2 AND lease_until > clock_timestamp())""";
    static final String HEARTBEAT = "SELECT * FROM heartbeat($1, $2)";
    private static final String REVOKE = "SELECT revoke_node($1, $2)";
    private static final String SECRET = "SELECT secret FROM cluster_secret";
    private static final String END = "SELECT end_node($1)";
    private static final String EXPIRED =
            "SELECT incarnation FROM node WHERE lease_until < clock_timestamp() ORDER BY incarnation LIMIT 100";
    private static final String END_EXPIRED = "SELECT end_expired_node($1)";

    private final Sql sql;
    private final PgPartitions partitions;

    PgLeases(Sql sql, PgPartitions partitions) {
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
        return sql.query(END_NAMESAKES, Tuple.of(nodeName)).mapEmpty();
    }

    @Override
    public Future<Boolean> hasNamesake(String nodeName, long notThisIncarnation) {
        return sql.query(HAS_NAMESAKE, Tuple.of(nodeName, notThisIncarnation)).map(PgLeases::isTrue);
    }

    @Override
    public Future<Heartbeat> renew(long incarnation, long leaseMillis) {
        return sql.query(HEARTBEAT, Tuple.of(incarnation, leaseMillis)).map(rows -> {
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
        return sql.query(REVOKE, Tuple.of(me, victim)).map(rows -> switch (rows.iterator()
                .next()
                .getString(0)) {
            case "ended" -> true;
            case "gone" -> false;
            case "late" ->
                throw new StorageException(
                        StorageException.Kind.TRANSIENT, "the lease of incarnation " + me + " has run out", null);
            default -> throw revoked(me);
        });
    }

    @Override
    public Future<byte[]> secret() {
        return sql.query(SECRET, Tuple.tuple())
                .map(rows -> Rows.bytes(rows.iterator().next(), "secret"));
    }

    @Override
    public Future<Void> release(long incarnation) {
        return sql.query(END, Tuple.of(incarnation)).mapEmpty();
    }

    @Override
    public Future<List<Long>> endExpired() {
        return sql.query(EXPIRED, Tuple.tuple()).compose(rows -> {
            Future<List<Long>> chain = Future.succeededFuture(new ArrayList<>());
            for (Row row : rows) {
                long incarnation = row.getLong(0);
                chain = chain.compose(ended -> sql.query(END_EXPIRED, Tuple.of(incarnation))
                        .map(result -> {
                            if (isTrue(result)) {
                                ended.add(incarnation);
                            }
                            return ended;
                        }));
            }
            return chain;
        });
    }

    private static boolean isTrue(RowSet<Row> rows) {
        return rows.iterator().next().getBoolean(0);
    }
}
