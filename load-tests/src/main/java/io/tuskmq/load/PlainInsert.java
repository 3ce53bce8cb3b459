package io.tuskmq.load;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Tuple;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The yardstick: how many rows of the same size the same PostgreSQL takes, inserted 1,000 at a time over two connections. */
final class PlainInsert implements AutoCloseable {
    private static final int BATCH = 1_000;
    private static final int CONNECTIONS = 2;

    private final Vertx vertx = Vertx.vertx();
    private final Pool pool;

    PlainInsert(String databaseUrl) throws InsertException {
        pool = PgBuilder.pool()
                .with(new PoolOptions().setMaxSize(CONNECTIONS))
                .connectingTo(PgConnectOptions.fromUri(databaseUrl).setCachePreparedStatements(true))
                .using(vertx)
                .build();
        await(pool.query("DROP TABLE IF EXISTS plain_insert").execute());
        await(pool.query("""
                        CREATE TABLE plain_insert (
                            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                            topic text NOT NULL,
                            payload bytea NOT NULL)""").execute());
    }

    /** It failed, or took longer than ten minutes. */
    static final class InsertException extends Exception {
        private static final long serialVersionUID = 1L;

        InsertException(Throwable cause) {
            super(cause);
        }
    }

    /** Inserts so many rows; returns the seconds that it took. */
    double run(int rows, int payloadBytes) throws InsertException {
        long start = System.nanoTime();
        int half = rows / CONNECTIONS / BATCH;
        await(Future.all(insert(half, payloadBytes), insert(half, payloadBytes)));
        return (System.nanoTime() - start) / 1e9;
    }

    private Future<Void> insert(int batches, int payloadBytes) {
        if (batches == 0) {
            return Future.succeededFuture();
        }
        Random random = new Random(batches);
        String[] topics = new String[BATCH];
        Buffer[] payloads = new Buffer[BATCH];
        for (int i = 0; i < BATCH; i++) {
            byte[] payload = new byte[payloadBytes];
            random.nextBytes(payload);
            topics[i] = "load/1/" + i % 100;
            payloads[i] = Buffer.buffer(payload);
        }
        return pool.preparedQuery(
                        "INSERT INTO plain_insert (topic, payload) SELECT * FROM unnest($1::text[], $2::bytea[])")
                .execute(Tuple.tuple().addArrayOfString(topics).addArrayOfBuffer(payloads))
                .compose(inserted -> insert(batches - 1, payloadBytes));
    }

    private static <T> T await(Future<T> future) throws InsertException {
        try {
            return future.toCompletionStage().toCompletableFuture().get(10, TimeUnit.MINUTES);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new InsertException(e);
        }
    }

    @Override
    public void close() throws InsertException {
        await(pool.query("DROP TABLE plain_insert").execute());
        await(pool.close());
        await(vertx.close());
    }
}
