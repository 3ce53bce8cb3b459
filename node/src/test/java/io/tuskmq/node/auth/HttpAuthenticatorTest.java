package io.tuskmq.node.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpAuthenticatorTest {
    private static final int TIMEOUT_MILLIS = 3_000;

    private final Vertx vertx = Vertx.vertx();
    private final BlockingQueue<JsonObject> questions = new LinkedBlockingQueue<>();
    private volatile Consumer<HttpServerRequest> answer =
            request -> request.response().end("{}");
    private HttpServer server;
    private HttpAuthenticator http;

    @BeforeEach
    void start() throws Exception {
        server = get(vertx.createHttpServer()
                .requestHandler(request -> request.body().onSuccess(body -> {
                    questions.add(
                            new JsonObject(body).put("method", request.method().name()));
                    answer.accept(request);
                }))
                .listen(0, "127.0.0.1"));
        http = new HttpAuthenticator(
                new HttpAsk(vertx, "http://127.0.0.1:" + server.actualPort() + "/auth?x=1", TIMEOUT_MILLIS),
                () -> 1_000_000);
    }

    @AfterEach
    void stop() throws Exception {
        get(vertx.close());
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private Verdict ask() throws Exception {
        return get(http.authenticate(new Credentials(
                "c1",
                "alice",
                "secret".getBytes(StandardCharsets.UTF_8),
                java.util.Optional.empty(),
                Address.parse("10.0.0.1"),
                4)));
    }

    private void says(String json) {
        answer = request -> request.response().end(json);
    }

    @Test
    void whatTheServerSaysCounts() throws Exception {
        says("{\"result\": \"allow\"}");
        assertEquals(
                "alice", assertInstanceOf(Verdict.Allow.class, ask()).login().principal());
        JsonObject question = questions.take();
        assertEquals("POST", question.getString("method"));
        assertEquals("c1", question.getString("clientId"));
        assertEquals("alice", question.getString("userName"));
        assertEquals("secret", question.getString("password"));
        assertEquals("10.0.0.1", question.getString("address"));
        assertEquals(4, question.getInteger("version"));
        says("{\"result\": \"deny\"}");
        assertEquals(0x86, assertInstanceOf(Verdict.Deny.class, ask()).reason());
        says("{\"result\": \"ignore\"}");
        assertInstanceOf(Verdict.NotMine.class, ask());
    }

    /** Its callers' own threads are faster or slower than the answer; both must do. */
    @Test
    void anyThreadMayAsk() throws Exception {
        says("{\"result\": \"ignore\"}");
        for (int i = 0; i < 2_000; i++) {
            assertInstanceOf(Verdict.NotMine.class, ask());
        }
    }

    @Test
    void itMayNameThePrincipalItsRulesAndHowLong() throws Exception {
        says("{\"result\":\"allow\",\"principal\":\"a\",\"rules\":[\"allow all x\"],\"expiresInSeconds\":5}");
        Login login = assertInstanceOf(Verdict.Allow.class, ask()).login();
        assertEquals("a", login.principal());
        assertEquals(AclText.parse("allow all x"), login.rules());
        assertEquals(OptionalLong.of(1_005_000), login.expiresAtMillis());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "allow",
                "[]",
                "{}",
                "{\"result\": true}",
                "{\"result\": \"ALLOW\"}",
                "{\"result\": \"allow\", \"principal\": 7}",
                "{\"result\": \"allow\", \"rules\": \"allow all #\"}",
                "{\"result\": \"allow\", \"rules\": [\"allow\"]}",
                "{\"result\": \"allow\", \"rules\": [7]}",
                "{\"result\": \"allow\", \"expiresInSeconds\": -1}",
            })
    void anAnswerThatIsNotUnderstoodLetsNobodyIn(String text) {
        says(text);
        assertThrows(ExecutionException.class, this::ask, text);
    }

    @Test
    void aServerThatFailsOrLeadsElsewhereOrIsSilentLetsNobodyIn() {
        for (int status : List.of(204, 301, 302, 401, 500, 503)) {
            answer = request -> request.response()
                    .setStatusCode(status)
                    .putHeader("location", "http://127.0.0.1:" + server.actualPort() + "/other")
                    .end("{\"result\": \"allow\"}");
            HttpAuthenticator fresh = new HttpAuthenticator(
                    new HttpAsk(vertx, "http://127.0.0.1:" + server.actualPort() + "/", TIMEOUT_MILLIS), () -> 0);
            assertThrows(
                    ExecutionException.class,
                    () -> get(fresh.authenticate(Credentials.of("c", "alice", null))),
                    "status " + status);
        }
        answer = request -> {};
        assertThrows(ExecutionException.class, this::ask, "silent");
        answer = request -> request.response().setChunked(true).write("{\"result\": \"all");
        assertThrows(ExecutionException.class, this::ask, "half an answer");
        says(" ".repeat(2 << 20) + "{\"result\": \"allow\"}");
        assertThrows(ExecutionException.class, this::ask, "too long");
    }

    @Test
    void afterFailuresInARowItIsNotAskedForAWhile() throws Exception {
        answer = request -> request.response().setStatusCode(500).end();
        for (int i = 0; i < 10; i++) {
            assertThrows(ExecutionException.class, this::ask);
        }
        assertEquals(5, questions.size());
    }

    @Test
    void theCircuitTriesOnceAndClosesAtAnAnswer() {
        Circuit circuit = new Circuit(2, 1_000);
        circuit.failed(0);
        assertTrue(circuit.mayAsk(0));
        circuit.failed(0);
        assertFalse(circuit.mayAsk(999));
        assertTrue(circuit.mayAsk(1_000));
        assertFalse(circuit.mayAsk(1_000), "one tries");
        circuit.failed(1_500);
        assertFalse(circuit.mayAsk(2_499));
        assertTrue(circuit.mayAsk(2_500));
        circuit.answered();
        assertTrue(circuit.mayAsk(2_500));
        circuit.failed(2_500);
        assertTrue(circuit.mayAsk(2_500), "one failure is none in a row");
    }
}
