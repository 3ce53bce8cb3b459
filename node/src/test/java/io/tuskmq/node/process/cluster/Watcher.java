package io.tuskmq.node.process.cluster;

import io.tuskmq.node.process.CrashReceiver;
import io.tuskmq.node.process.RawMqtt.Received;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A persistent subscriber that keeps all that it takes, with the time: for what must come, and must come once. */
final class Watcher extends CrashReceiver {
    private static final long SUBSCRIBED_SECONDS = 30;

    private final List<Seen> seen = new CopyOnWriteArrayList<>();

    private Watcher(String clientId, Entrance entrance, String filter, int qos) {
        super(clientId, entrance, filter, qos);
    }

    /** A message and when it came, by {@link System#nanoTime}. */
    record Seen(Received message, long nanos) {
        String payload() {
            return message.payload();
        }
    }

    /** Starts it and waits for its SUBACK. */
    static Watcher start(String clientId, Entrance entrance, String filter, int qos) {
        Watcher watcher = new Watcher(clientId, entrance, filter, qos);
        watcher.start();
        try {
            if (!watcher.subscribed().await(SUBSCRIBED_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError(clientId + " was not subscribed in " + SUBSCRIBED_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
        return watcher;
    }

    @Override
    protected void taken(Received message) {
        seen.add(new Seen(message, System.nanoTime()));
    }

    /** The first message that is so; waits for it. */
    Seen await(String what, Duration limit, Predicate<Seen> condition) {
        Await.until(what, limit, () -> seen.stream().anyMatch(condition), () -> "but " + seen);
        orThrow();
        return seen.stream().filter(condition).findFirst().orElseThrow();
    }

    Seen await(String payload, Duration limit) {
        return await("'" + payload + "' arrives", limit, one -> one.payload().equals(payload));
    }

    /** All payloads in the order they came. */
    List<String> payloads() {
        orThrow();
        return seen.stream().map(Seen::payload).toList();
    }

    long count(String payload) {
        return payloads().stream().filter(payload::equals).count();
    }
}
