package io.tuskmq.node.auth;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** One server that is asked by HTTP: bounded in connections, in waiting, in time, and in what is read of an answer. */
final class HttpAsk {
    private static final int CONNECTIONS_MAX = 16;
    private static final int WAITING_MAX = 1_000;
    private static final int ANSWER_BYTES_MAX = 1 << 20;
    private static final int OK = 200;

    private final Vertx vertx;
    private final HttpClient client;
    private final String url;
    private final long timeoutMillis;

    HttpAsk(Vertx vertx, String url, long timeoutMillis) {
        this.vertx = vertx;
        // Where it leads is never followed: the answer is to come from the server that was configured.
        this.client = vertx.createHttpClient(
                new HttpClientOptions().setConnectTimeout((int) timeoutMillis),
                new PoolOptions().setHttp1MaxSize(CONNECTIONS_MAX).setMaxWaitQueueSize(WAITING_MAX));
        this.url = url;
        this.timeoutMillis = timeoutMillis;
    }

    /** The body of an answer with status 200; anything else is a failure. */
    Future<Buffer> get() {
        return ask(HttpMethod.GET, Buffer.buffer());
    }

    /** The same, of what is sent as JSON. */
    Future<Buffer> post(Buffer json) {
        return ask(HttpMethod.POST, json);
    }

    private Future<Buffer> ask(HttpMethod method, Buffer json) {
        // On an event loop each step is ready before the next can come; from another thread a short answer ends before
        // its reader is set.
        Promise<Buffer> answer = Promise.promise();
        vertx.getOrCreateContext().runOnContext(go -> exchange(method, json).onComplete(answer));
        return answer.future();
    }

    private Future<Buffer> exchange(HttpMethod method, Buffer json) {
        RequestOptions request = new RequestOptions()
                .setMethod(method)
                .setAbsoluteURI(url)
                .setTimeout(timeoutMillis)
                .putHeader("accept", "application/json");
        if (json.length() > 0) {
            request.putHeader("content-type", "application/json");
        }
        return client.request(request)
                .compose(open -> open.send(json))
                .compose(HttpAsk::body)
                .timeout(timeoutMillis, TimeUnit.MILLISECONDS);
    }

    private static Future<Buffer> body(HttpClientResponse response) {
        if (response.statusCode() != OK) {
            response.exceptionHandler(reset -> {}); // by the next line
            response.request().reset();
            return Future.failedFuture(new IOException("status " + response.statusCode()));
        }
        Promise<Buffer> done = Promise.promise();
        Buffer all = Buffer.buffer();
        response.handler(part -> {
            if (all.length() + part.length() > ANSWER_BYTES_MAX) {
                done.tryFail(new IOException("an answer of more than " + ANSWER_BYTES_MAX + " bytes"));
                response.request().reset();
            } else {
                all.appendBuffer(part);
            }
        });
        response.exceptionHandler(done::tryFail);
        response.endHandler(end -> done.tryComplete(all));
        return done.future();
    }

    Future<Void> close() {
        return client.close();
    }
}
