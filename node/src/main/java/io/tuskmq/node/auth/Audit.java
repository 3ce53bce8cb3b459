package io.tuskmq.node.auth;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The audit log: who came in, who was refused, what was denied, who ended whose session, what was changed. One line of JSON each, in the logger
 * {@code audit}; all but printable ASCII is written as JSON's escapes, so that nothing that a client says can end a line or look like another
 * one. Never a password, a token or a payload. From any thread.
 */
public final class Audit {
    /** Lines of one kind in a second; what is beyond is counted, and told by the next line. */
    static final int LINES_PER_SECOND_MAX = 100;

    private static final Logger LOG = LoggerFactory.getLogger("audit");
    private static final int VALUE_CHARS_MAX = 512;

    private final LongSupplier nowMillis;
    private final LineRate refusals = new LineRate(LINES_PER_SECOND_MAX);
    private final LineRate denials = new LineRate(LINES_PER_SECOND_MAX);

    public Audit(LongSupplier nowMillis) {
        this.nowMillis = nowMillis;
    }

    /** A client, as lines name it. */
    record Client(String clientId, String principal, Address address) {}

    void login(Client client, String by, int version) {
        Map<String, Object> line = of("login", client);
        line.put("by", by);
        line.put("version", version);
        write(line);
    }

    /** A client that is connected has proved once more who it is. */
    void again(Client client, String by) {
        Map<String, Object> line = of("again", client);
        line.put("by", by);
        write(line);
    }

    /** A CONNECT, or a re-authentication, that was not accepted. */
    void refused(Client client, int reason, String why) {
        LineRate.Turn turn = refusals.turn(nowMillis.getAsLong());
        if (turn.allowed()) {
            Map<String, Object> line = of("refused", client);
            line.put("reason", "0x%02X".formatted(reason));
            line.put("why", why);
            write(leftOut(line, turn));
        }
    }

    /** @param action publish, subscribe, or will */
    void denied(Client client, String action, String topic) {
        LineRate.Turn turn = denials.turn(nowMillis.getAsLong());
        if (turn.allowed()) {
            Map<String, Object> line = of("denied", client);
            line.put("action", action);
            line.put("topic", topic);
            write(leftOut(line, turn));
        }
    }

    /** A connection that neither its client nor the network ended. */
    void ended(Client client, String why) {
        Map<String, Object> line = of("ended", client);
        line.put("why", why);
        write(line);
    }

    /** What an administrator did, or what a node took over of it. */
    public void admin(String action, String object) {
        Map<String, Object> line = of("admin");
        line.put("action", action);
        line.put("object", object);
        write(line);
    }

    private Map<String, Object> of(String event, Client client) {
        Map<String, Object> line = of(event);
        line.put("client", client.clientId());
        line.put("principal", client.principal());
        line.put("address", client.address().toString());
        return line;
    }

    private Map<String, Object> of(String event) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("time", Instant.ofEpochMilli(nowMillis.getAsLong()).toString());
        line.put("event", event);
        return line;
    }

    private static Map<String, Object> leftOut(Map<String, Object> line, LineRate.Turn turn) {
        if (turn.leftOut() > 0) {
            line.put("leftOut", turn.leftOut());
        }
        return line;
    }

    private static void write(Map<String, Object> line) {
        if (LOG.isInfoEnabled()) {
            LOG.info(text(line));
        }
    }

    static String text(Map<String, Object> line) {
        Map<String, Object> bounded = new LinkedHashMap<>(line);
        bounded.replaceAll((key, value) -> value instanceof String text && text.length() > VALUE_CHARS_MAX
                ? text.substring(0, VALUE_CHARS_MAX) + "..."
                : value);
        String json = new JsonObject(bounded).encode();
        StringBuilder ascii = new StringBuilder(json.length() + 16);
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (c >= ' ' && c <= '~') {
                ascii.append(c);
            } else {
                ascii.append("\\u%04x".formatted((int) c)); // only strings have such characters
            }
        }
        return ascii.toString();
    }
}
