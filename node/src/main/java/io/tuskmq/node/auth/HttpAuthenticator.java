package io.tuskmq.node.auth;

import io.tuskmq.node.rules.ReasonCodes;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * Asks a server of the operator's: a POST of what the client shows, answered by {@code {"result": "allow" | "deny" | "ignore"}}, with allow also
 * {@code principal}, {@code rules} and {@code expiresInSeconds}. What isn't such an answer in time lets nobody in.
 */
final class HttpAuthenticator implements Authenticator {
    static final String NAME = "http";
    private static final int FAILURES_MAX = 5;
    private static final long OPEN_MILLIS = 5_000;
    private static final long SECONDS_MAX = 1L << 32;

    private final HttpAsk server;
    private final LongSupplier nowMillis;
    private final Circuit circuit = new Circuit(FAILURES_MAX, OPEN_MILLIS);

    HttpAuthenticator(HttpAsk server, LongSupplier nowMillis) {
        this.server = server;
        this.nowMillis = nowMillis;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Future<Verdict> authenticate(Credentials credentials) {
        if (!circuit.mayAsk(nowMillis.getAsLong())) {
            return Future.failedFuture(
                    new IOException("the server has not answered " + FAILURES_MAX + " times in a row"));
        }
        return server.post(question(credentials))
                .compose(answer -> verdict(answer, credentials))
                .onComplete(said -> circuit.answered(), failure -> circuit.failed(nowMillis.getAsLong()));
    }

    private static Buffer question(Credentials credentials) {
        JsonObject question = new JsonObject()
                .put("clientId", credentials.clientId())
                .put("userName", credentials.userName())
                .put("address", credentials.address().toString())
                .put("version", credentials.version());
        credentials
                .certificate()
                .ifPresent(shown -> question.put(
                        "certificate", shown.getSubjectX500Principal().getName()));
        byte[] password = credentials.password();
        if (password != null) {
            try {
                String text = StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(password))
                        .toString();
                question.put("password", text);
            } catch (CharacterCodingException _) {
                question.put("passwordBase64", Base64.getEncoder().encodeToString(password));
            }
        }
        return question.toBuffer();
    }

    private Future<Verdict> verdict(Buffer answer, Credentials credentials) {
        try {
            JsonObject json = new JsonObject(answer);
            String result = json.getString("result", "");
            return switch (result) {
                case "allow" -> Future.succeededFuture(new Verdict.Allow(login(json, credentials)));
                case "deny" ->
                    Future.succeededFuture(
                            new Verdict.Deny(ReasonCodes.BAD_USER_NAME_OR_PASSWORD, "the server says no"));
                case "ignore" -> Future.succeededFuture(new Verdict.NotMine());
                default -> Future.failedFuture(new IOException("an answer without a result"));
            };
        } catch (DecodeException | ClassCastException | IllegalArgumentException e) {
            return Future.failedFuture(new IOException("an answer that is not understood: " + e.getMessage()));
        }
    }

    private Login login(JsonObject json, Credentials credentials) {
        Object named = json.getValue("principal", credentials.userName());
        if (!(named instanceof String principal)) {
            throw new IllegalArgumentException("allowed, but nobody knows who");
        }
        List<AclRule> rules = new ArrayList<>();
        if (json.containsKey("rules")) {
            json.getJsonArray("rules").forEach(line -> rules.add(AclText.rule((String) line)));
        }
        Long seconds = json.getLong("expiresInSeconds");
        if (seconds != null && (seconds <= 0 || seconds > SECONDS_MAX)) {
            throw new IllegalArgumentException("expiresInSeconds " + seconds);
        }
        OptionalLong expires =
                seconds == null ? OptionalLong.empty() : OptionalLong.of(nowMillis.getAsLong() + seconds * 1_000);
        return new Login(principal, NAME, List.copyOf(rules), expires, 0);
    }
}
