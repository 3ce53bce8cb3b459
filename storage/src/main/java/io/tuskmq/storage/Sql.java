package io.tuskmq.storage;

import io.tuskmq.migrations.DatabaseUrl;
import io.vertx.core.Future;
import io.vertx.core.Promise;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bounded pool of connections to PostgreSQL: prepared statements cached, waiting bounded in number and time, every failure mapped
 * to a {@link StorageException}, deadlocks and serialization failures repeated.
 */
final class Sql {
    private static final int ATTEMPTS_MAX = 6;
    private static final int MAX_LIFETIME_MINUTES = 10;
    private static final int STATEMENTS_CACHED_MAX = 128;
    private static final int STATEMENT_CHARS_MAX = 8_192;

    /** Between two times that a pool is replaced: the name may lead to the demoted server for a while. */
    private static final long REPLACE_NANOS_MIN = 1_000_000_000L;

    /** A connection is made on the event loop of whoever asks for it. */
    private static final int CALLERS_LOOP = 0;

    private static final String READ_ONLY = "25006";
    private static final Logger log = LoggerFactory.getLogger(Sql.class);

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
    private final int eventLoops;

    /** Replaced when its server takes no writes any more. */
    private volatile Pool pool;

    /** Calls that have a connection, or wait for one. */
    private final AtomicInteger calls = new AtomicInteger();

    private final AtomicLong replacedAtNanos = new AtomicLong();
    private volatile boolean closed;

    private Sql(Vertx vertx, PgConnectOptions connectOptions, Options options, int eventLoops) {
        this.vertx = vertx;
        this.connectOptions = connectOptions;
        this.options = options;
        this.eventLoops = eventLoops;
        this.replacedAtNanos.set(System.nanoTime() - REPLACE_NANOS_MIN);
        this.pool = openPool(vertx, connectOptions, options, eventLoops);
    }

    static Sql open(Vertx vertx, DatabaseUrl url, Options options) {
        return new Sql(vertx, connectOptions(url, options), options, CALLERS_LOOP);
    }

    /** Its connections live on one of this Vert.x's own event loops, whoever asks first. */
    static Sql openApart(Vertx vertx, DatabaseUrl url, Options options) {
        return new Sql(vertx, connectOptions(url, options), options, 1);
    }

    private static Pool openPool(Vertx vertx, PgConnectOptions connectOptions, Options options, int eventLoops) {
        int timeout = (int) options.timeoutMillis();
        return PgBuilder.pool()
                .with(new PoolOptions()
                        .setMaxSize(options.connectionsMax())
                        .setMaxWaitQueueSize(options.waitingMax())
                        .setConnectionTimeout(timeout)
                        .setConnectionTimeoutUnit(TimeUnit.MILLISECONDS)
                        // One that only reads does not hear that its server is no primary any more.
                        .setMaxLifetime(MAX_LIFETIME_MINUTES)
                        .setMaxLifetimeUnit(TimeUnit.MINUTES)
                        .setEventLoopSize(eventLoops))
                .with(netOptions(timeout))
                .connectingTo(connectOptions)
                .using(vertx)
                .build();
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
        // Everything is found by keys. Statistics lag behind: a table that was empty a minute ago would be read as a
        // whole for each of
        // ten thousand clients that connect now.
        properties.put("enable_seqscan", "off");
        // A page for hundreds of sessions looks dear enough to be compiled each time (jit_above_cost), which takes longer
        // than to read it.
        properties.put("jit", "off");
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

    long timeoutMillis() {
        return options.timeoutMillis();
    }

    /** One prepared statement, a transaction of its own. */
    Future<RowSet<Row>> query(String sql, Tuple args) {
        return attempt(connections -> connections.preparedQuery(sql).execute(args), 1);
    }

    /** Several statements in one transaction; the work is called again after a deadlock. */
    <T> Future<T> transaction(Function<SqlConnection, Future<T>> work) {
        return attempt(connections -> connections.withTransaction(work), 1);
    }

    /** Several statements on one connection, each a transaction of its own; never repeated. */
    <T> Future<T> connection(Function<SqlConnection, Future<T>> work) {
        Pool used = pool;
        return counted(used.withConnection(work)).recover(t -> {
            leaveDemoted(used, t);
            return Future.failedFuture(failure(t));
        });
    }

    private <T> Future<T> counted(Future<T> call) {
        calls.incrementAndGet();
        return call.onComplete(done -> calls.decrementAndGet());
    }

    /** How many connections the calls have that are under way, by their number: each has one, or waits. */
    Store.Connections connections() {
        int now = calls.get();
        int max = options.connectionsMax();
        return new Store.Connections(max, Math.min(now, max), Math.max(0, now - max));
    }

    /** A connection outside the pool; the caller closes it. */
    Future<PgConnection> connect() {
        Promise<PgConnection> opened = Promise.promise();
        PgConnection.connect(vertx, connectOptions).onComplete((connection, failure) -> {
            if (failure != null) {
                opened.tryFail(failure);
            } else if (!opened.tryComplete(connection)) {
                // It comes too late: nobody waits for it any more.
                connection.close().onFailure(e -> log.debug("close failed reason={}", e.getMessage()));
            }
        });
        long timer = vertx.setTimer(
                options.timeoutMillis(), id -> opened.tryFail(new TimeoutException("PostgreSQL can't be reached")));
        return opened.future()
                .onComplete(done -> vertx.cancelTimer(timer))
                .recover(t -> Future.failedFuture(failure(t)));
    }

    Future<Void> close() {
        closed = true;
        return pool.close();
    }

    private <T> Future<T> attempt(Function<Pool, Future<T>> work, int attempt) {
        Pool used = pool;
        return counted(work.apply(used))
                .timeout(options.timeoutMillis(), TimeUnit.MILLISECONDS)
                .recover(t -> {
                    leaveDemoted(used, t);
                    return attempt < ATTEMPTS_MAX && isConflict(t)
                            ? attempt(work, attempt + 1)
                            : Future.failedFuture(failure(t));
                });
    }

    /**
     * The server that these connections lead to was demoted: it answers on, and takes no writes. New connections to the same name find
     * the new primary, sooner or later; all of the pool's go, for what they read is old. A server that ends (57P01 and its like) closes
     * its connections itself.
     */
    private void leaveDemoted(Pool used, Throwable failure) {
        long last = replacedAtNanos.get();
        long now = System.nanoTime();
        if (!isReadOnly(failure)
                || closed
                || !used.equals(pool)
                || now - last < REPLACE_NANOS_MIN
                || !replacedAtNanos.compareAndSet(last, now)) {
            return;
        }
        log.warn(
                "the database takes no writes, connecting anew reason={}",
                failure(failure).getMessage());
        pool = openPool(vertx, connectOptions, options, eventLoops);
        used.close().onFailure(e -> log.debug("close failed reason={}", e.getMessage()));
        if (closed) {
            pool.close().onFailure(e -> log.debug("close failed reason={}", e.getMessage()));
        }
    }

    /** True when the server takes no writes: a demoted primary. */
    static boolean isReadOnly(Throwable t) {
        return t instanceof PgException pg && READ_ONLY.equals(pg.getSqlState());
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
                || state.equals(READ_ONLY) // a demoted primary: the next connection may find the new one
                || state.equals("25P03"); // idle in transaction too long
        return passes ? StorageException.Kind.TRANSIENT : StorageException.Kind.PERMANENT;
    }
}
