package io.tuskmq.node.process.cluster;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.RawMqtt;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads a connection on a thread of its own until it is closed, acknowledges messages of QoS 1 and counts messages. */
final class Arrivals implements AutoCloseable {
    private final RawClient client;
    private final Consumer<String> onPayload;
    private final AtomicLong count = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> fault = new AtomicReference<>();
    private final Thread thread;
    private volatile long lastNanos = System.nanoTime();
    private volatile boolean closing;

    private Arrivals(RawClient client, Consumer<String> onPayload) {
        this.client = client;
        this.onPayload = onPayload;
        this.thread = Thread.ofPlatform().daemon().name("arrivals").unstarted(this::read);
    }

    /** @param onPayload called on the reading thread */
    static Arrivals of(RawClient client, Consumer<String> onPayload) {
        Arrivals arrivals = new Arrivals(client, onPayload);
        arrivals.thread.start();
        return arrivals;
    }

    private void read() {
        try {
            for (Optional<RawClient.Packet> next = client.readOrEnd(); next.isPresent(); next = client.readOrEnd()) {
                if (next.get().type() == 3) {
                    take(RawMqtt.received(next.get()));
                }
            }
            if (!closing) {
                throw new AssertionError("the node closed the connection");
            }
        } catch (IOException | RuntimeException | AssertionError e) {
            if (!closing) {
                fault.set(e);
            }
        }
    }

    private void take(RawMqtt.Received message) throws IOException {
        onPayload.accept(message.payload());
        lastNanos = System.nanoTime();
        count.incrementAndGet();
        if (message.qos() == 1) {
            client.send(Packets.pubAck(message.packetId()));
        }
    }

    long count() {
        return count.get();
    }

    /** When the last message came, by {@link System#nanoTime}. */
    long lastNanos() {
        return lastNanos;
    }

    /** Returns when so many have come, or none for so long. */
    void await(long messages, Duration silence) {
        long start = System.nanoTime();
        Await.until("all have come, or no more", Duration.ofMinutes(1), () -> {
            orThrow();
            long last = Math.max(start, lastNanos);
            return count.get() >= messages || System.nanoTime() - last > silence.toNanos();
        });
    }

    /** What went wrong while reading. */
    void orThrow() {
        Throwable found = fault.get();
        if (found != null) {
            throw new AssertionError("a connection that is read from", found);
        }
    }

    @Override
    public void close() throws IOException {
        closing = true;
        client.close();
    }
}
