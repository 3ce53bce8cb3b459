package io.tuskmq.storage;

import io.tuskmq.migrations.DatabaseUrl;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A bounded pool of connections to PostgreSQL: prepared statements cached, waiting bounded in number and time, every failure mapped
 * to a {@link StorageException}, deadlocks and serialization failures repeated.
 */
final class Sql {
    private static final int ATTEMPTS_MAX = 6;
    private static final int MAX_LIFETIME_MINUTES = 10;
    private static final int STATEMENTS_CACHED_MAX = 128;
    private static final int STATEMENT_CHARS_MAX = 8_192;

    /**
     * @param connectionsMax connections of this pool
     * @param waitingMax calls that may wait for a connection; beyond that they fail OVERLOADED
     * @param timeoutMillis after which a call fails TRANSIENT; what it did is then unknown
     * @param synchronousCommit false: a crash of the database may lose the last commits (only for what may be repeated)
     */
    record Options(int connectionsMax, int waitingMax, long timeoutMillis, boolean synchronousCommit) {
        static Options of(int connectionsMax) {
            return new Options(connectionsMax, 1_000, 10_000, true);
        }

        Options asynchronousCommit() {
            return new Options(connectionsMax, waitingMax, timeoutMillis, false);
        }
    }

    private final Vertx vertx;
    private final PgConnectOptions connectOptions;
    private final Options options;
    private final Pool pool;

    private Sql(Vertx vertx, PgConnectOptions connectOptions, Options options, Pool pool) {
        this.vertx = vertx;
        this.connectOptions = connectOptions;
        this.options = options;
        this.pool = pool;
    }

    static Sql open(Vertx vertx, DatabaseUrl url, Options options) {
        PgConnectOptions connect = connectOptions(url, options);
        int timeout = (int) options.timeoutMillis();
        Pool pool = PgBuilder.pool()
                .with(new PoolOptions()
                        .setMaxSize(options.connectionsMax())
                        .setMaxWaitQueueSize(options.waitingMax())
                        .setConnectionTimeout(timeout)
                        .setConnectionTimeoutUnit(TimeUnit.MILLISECONDS)
                        // A demoted primary keeps its connections: they must not live for ever.
                        .setMaxLifetime(MAX_LIFETIME_MINUTES)
                        .setMaxLifetimeUnit(TimeUnit.MINUTES))
                .with(netOptions(timeout))
                .connectingTo(connect)
                .using(vertx)
                .build();
        return new Sql(vertx, connect, options, pool);
    }

    private static PgConnectOptions connectOptions(DatabaseUrl url, Options options) {
        Map<String, String> properties = new HashMap<>();
        properties.put("application_name", "tuskmq");
        properties.put("DateStyle", "ISO");
        properties.put("extra_float_digits", "2");
        properties.put("client_encoding", "utf-8");
        properties.put("search_path", "public");
        properties.put("idle_in_transaction_session_timeout", "30000");
        properties.put("statement_timeout", Long.toString(options.timeoutMillis()));
        properties.put("synchronous_commit", options.synchronousCommit() ? "on" : "off");
        return new PgConnectOptions()
                .setHost(url.host())
                .setPort(url.port())
                .setDatabase(url.database())
                .setUser(url.user())
                .setPassword(url.password())
                .setCachePreparedStatements(true)
                .setPreparedStatementCacheMaxSize(STATEMENTS_CACHED_MAX)
                .setPreparedStatementCacheSqlLimit(STATEMENT_CHARS_MAX)
                .setProperties(properties);
    }

    private static NetClientOptions netOptions(int timeoutMillis) {
        // An answer that never comes (a link cut without a word) ends the connection; an idle one is simply opened
        // again.
        return new NetClientOptions()
                .setConnectTimeout(Math.min(timeoutMillis, 5_000))
                .setTcpKeepAlive(true)
                .setTcpNoDelay(true)
                .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
                .setReadIdleTimeout(timeoutMillis * 2);
    }

    Vertx vertx() {
        return vertx;
    }

    /** One prepared statement, a transaction of its own. */
    Future<RowSet<Row>> query(String sql, Tuple args) {
        return attempt(() -> pool.preparedQuery(sql).execute(args), 1);
    }

    /** Several statements in one transaction; the work is called again after a deadlock. */
    <T> Future<T> transaction(Function<SqlConnection, Future<T>> work) {
        return attempt(() -> pool.withTransaction(work), 1);
    }

    /** Several statements on one connection, each a transaction of its own; never repeated. */
    <T> Future<T> connection(Function<SqlConnection, Future<T>> work) {
        return pool.withConnection(work).recover(t -> Future.failedFuture(failure(t)));
    }

    /** A connection outside the pool; the caller closes it. */
    Future<PgConnection> connect() {
        return PgConnection.connect(vertx, connectOptions)
                .timeout(options.timeoutMillis(), TimeUnit.MILLISECONDS)
                .recover(t -> Future.failedFuture(failure(t)));
    }

    Future<Void> close() {
        return pool.close();
    }

    private <T> Future<T> attempt(Supplier<Future<T>> work, int attempt) {
        return work.get()
                .timeout(options.timeoutMillis(), TimeUnit.MILLISECONDS)
                .recover(t -> attempt < ATTEMPTS_MAX && isConflict(t)
                        ? attempt(work, attempt + 1)
                        : Future.failedFuture(failure(t)));
    }

    /** True when the transaction was rolled back only because of another one, and may be tried again as it is. */
    static boolean isConflict(Throwable t) {
        return t instanceof PgException pg && ("40P01".equals(pg.getSqlState()) || "40001".equals(pg.getSqlState()));
    }

    /** The module's failure for one of the driver's. */
    static StorageException failure(Throwable t) {
        if (t instanceof StorageException known) {
            return known;
        }
        if (t instanceof PgException pg) {
            return new StorageException(
                    kind(pg), "PostgreSQL: " + pg.getErrorMessage() + " (" + pg.getSqlState() + ")", t);
        }
        if (t instanceof TimeoutException) {
            return new StorageException(StorageException.Kind.TRANSIENT, "PostgreSQL did not answer in time", t);
        }
        String message = String.valueOf(t.getMessage());
        if (message.contains("max wait queue size")) {
            return new StorageException(
                    StorageException.Kind.OVERLOADED, "too many calls wait for a database connection", t);
        }
        boolean ours = t instanceof IllegalArgumentException
                || t instanceof NullPointerException
                || t instanceof ClassCastException
                || t instanceof IndexOutOfBoundsException
                || t instanceof Error;
        return new StorageException(
                ours ? StorageException.Kind.PERMANENT : StorageException.Kind.TRANSIENT,
                "PostgreSQL: " + message.lines().findFirst().orElse("connection lost"),
                t);
    }

    private static StorageException.Kind kind(PgException e) {
        String state = e.getSqlState() == null ? "" : e.getSqlState();
        boolean passes = state.startsWith("08") // connection
                || state.startsWith("40") // rolled back because of another transaction
                || state.startsWith("53") // out of resources
                || state.startsWith("57") // stopped by an operator, starting up, statement time-out
                || state.startsWith("58") // operating system
                || state.equals("55P03") // lock not available
                || state.equals("25006") // a demoted primary: the next connection may find the new one
                || state.equals("25P03"); // idle in transaction too long
        return passes ? StorageException.Kind.TRANSIENT : StorageException.Kind.PERMANENT;
    }
}
