package io.tuskmq.storage;

import io.tuskmq.storage.rules.RetainedTags;
import io.tuskmq.storage.testing.TestDatabase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** The contract tests' fixture over PostgreSQL. */
final class PgFixture extends StoreFixture {
    private static final Long[] NO_LONGS = {};
    private static final Buffer[] NO_BUFFERS = {};

    final TestDatabase database;
    final Vertx vertx = Vertx.vertx();
    final Sql sql;
    final Sql asynchronous;
    final PgSessions sessions;
    private final PgWills wills;
    private final PgRetained retained;

    PgFixture(TestDatabase database) {
        this.database = database;
        this.sql = Sql.open(vertx, database.url(), Sql.Options.of(8));
        this.asynchronous = Sql.open(vertx, database.url(), Sql.Options.of(1).asynchronousCommit());
        this.sessions = new PgSessions(sql, asynchronous);
        this.wills = new PgWills(sql);
        this.retained = new PgRetained(sql);
        get(sql.query("SELECT ensure_log(now_millis() - 3600000, now_millis() + 3600000, 3600000)", Tuple.tuple()));
    }

    /** Another node's view of the same database: batchers of its own. */
    PgSessions anotherNodesSessions() {
        return new PgSessions(sql, asynchronous);
    }

    @Override
    Sessions sessions() {
        return sessions;
    }

    @Override
    Wills wills() {
        return wills;
    }

    @Override
    Retained retained() {
        return retained;
    }

    @Override
    long node() {
        return get(sql.query("SELECT incarnation FROM register_node('n', 1, 3600000)", Tuple.tuple()))
                .iterator()
                .next()
                .getLong("incarnation");
    }

    @Override
    void letLeasePass(long incarnation) {
        get(sql.query(
                "UPDATE node SET lease_until = now() - interval '1 second' WHERE incarnation = $1",
                Tuple.of(incarnation)));
    }

    @Override
    void endNode(long incarnation) {
        get(sql.query("SELECT end_node($1)", Tuple.of(incarnation)));
    }

    /** Instead of waiting, all that is to come is moved nearer. */
    @Override
    void passSeconds(long seconds) {
        get(sql.query(
                "UPDATE session SET expires_at = expires_at - $1 * interval '1 second' WHERE expires_at IS NOT NULL",
                Tuple.of(seconds)));
        get(sql.query(
                "UPDATE will SET due_at = due_at - $1 * interval '1 second' WHERE due_at IS NOT NULL",
                Tuple.of(seconds)));
        get(sql.query("UPDATE retained SET expires_at = expires_at - $1 * 1000", Tuple.of(seconds)));
    }

    static final String APPEND = """
            SELECT status, refused FROM lane l, append_batch(
                l.lane_id, l.owner, l.head, l.head + 1, 9223372036854775807, $1, $2, $3, $2, $2, $4, $5, $5,
                $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
             WHERE l.owner = $20""";

    @Override
    boolean append(long incarnation, Message message, Append.@Nullable Receipt receipt, long willId) {
        long head = get(sql.query("SELECT head FROM lane WHERE owner = $1", Tuple.of(incarnation)))
                .iterator()
                .next()
                .getLong("head");
        Long[] id = {head + 1};
        boolean retains = message.retain();
        String[] tags = RetainedTags.of(message.topic());
        Row row = get(sql.query(APPEND, Tuple.from(new @Nullable Object[] {
                    NO_LONGS,
                    NO_LONGS,
                    new Short[] {},
                    new String[] {},
                    NO_BUFFERS,
                    receipt == null ? NO_LONGS : id,
                    receipt == null ? NO_LONGS : new Long[] {receipt.sessionId()},
                    receipt == null ? NO_LONGS : new Long[] {receipt.epoch()},
                    receipt == null ? new Integer[] {} : new Integer[] {receipt.packetId()},
                    willId == 0 ? NO_LONGS : id,
                    willId == 0 ? NO_LONGS : new Long[] {willId},
                    retains ? id : NO_LONGS,
                    retains ? new Short[] {(short) message.qos()} : new Short[] {},
                    retains
                            ? new @Nullable Long[] {message.expiresAtMillis() == 0 ? null : message.expiresAtMillis()}
                            : NO_LONGS,
                    retains ? new String[] {message.topic()} : new String[] {},
                    retains ? new @Nullable Buffer[] {null} : NO_BUFFERS,
                    retains ? new Buffer[] {Buffer.buffer(message.payload())} : NO_BUFFERS,
                    retains ? new Integer[] {tags.length} : new Integer[] {},
                    retains ? tags : new String[] {},
                    incarnation
                })))
                .iterator()
                .next();
        if (row.getInteger("status") != 0) {
            throw new AssertionError("status " + row.getInteger("status"));
        }
        return row.getArrayOfLongs("refused").length == 0;
    }

    @Override
    public void close() throws SQLException {
        get(sql.close());
        get(asynchronous.close());
        get(vertx.close());
    }
}
