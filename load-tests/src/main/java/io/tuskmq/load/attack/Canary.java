package io.tuskmq.load.attack;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** A client that behaves: it sends itself a message of QoS 1 every 20 ms, and measures how long each takes. */
public final class Canary implements AutoCloseable {
    private static final String TOPIC = "canary/one";
    private static final long EVERY_NANOS = 20_000_000;
    private static final int PACKET_IDS = 60_000;

    private final Attacker attacker;
    private final Thread sender;
    private final Thread reader;
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong received = new AtomicLong();
    private final Histogram micros = new Histogram(3);
    private volatile boolean ended;
    private volatile @Nullable String fault;

    /** What it saw since it was asked last. */
    public record Seen(long messages, double p50Millis, double p99Millis, double maxMillis, boolean served) {
        public Map<String, Object> json() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("messages", messages);
            json.put("p50_millis", p50Millis);
            json.put("p99_millis", p99Millis);
            json.put("max_millis", maxMillis);
            json.put("served", served);
            return json;
        }
    }

    private Canary(Attacker attacker) {
        this.attacker = attacker;
        sender = Thread.ofPlatform().daemon().name("canary-out").unstarted(this::sends);
        reader = Thread.ofPlatform().daemon().name("canary-in").unstarted(this::reads);
    }

    public static Canary start(int port) throws IOException {
        Canary canary = new Canary(Attacker.client(port, Bytes.connect(5, "canary", 60)));
        canary.attacker.send(Bytes.subscribe(5, 1, 1, TOPIC));
        if (Objects.requireNonNull(canary.attacker.read()).type() != Bytes.SUBACK) {
            throw new IOException("the canary may not subscribe");
        }
        canary.reader.start();
        canary.sender.start();
        return canary;
    }

    private void sends() {
        long next = System.nanoTime();
        while (!ended && fault == null) {
            next = Math.max(next + EVERY_NANOS, System.nanoTime() - EVERY_NANOS);
            while (!ended && System.nanoTime() < next) {
                LockSupport.parkNanos(next - System.nanoTime());
            }
            byte[] payload = Long.toString(System.nanoTime()).getBytes(StandardCharsets.US_ASCII);
            int packetId = 1 + (int) (sent.getAndIncrement() % PACKET_IDS);
            if (!attacker.sends(Bytes.publish(5, 2, packetId, TOPIC, payload)) && !ended) {
                fault = "its connection was closed";
            }
        }
    }

    private void reads() {
        try {
            while (!ended) {
                Attacker.Packet packet = attacker.read();
                if (packet == null) {
                    throw new IOException("its connection was closed");
                }
                if (packet.type() == Bytes.PUBLISH) {
                    arrived(packet.body());
                }
            }
        } catch (IOException | RuntimeException e) {
            if (!ended) {
                fault = String.valueOf(e.getMessage());
            }
        }
    }

    private void arrived(byte[] body) throws IOException {
        int id = 2 + TOPIC.length();
        int payload = id + 3; // an empty set of properties
        String sentAt = new String(body, payload, body.length - payload, StandardCharsets.US_ASCII);
        long took = System.nanoTime() - Long.parseLong(sentAt);
        synchronized (micros) {
            micros.recordValue(TimeUnit.NANOSECONDS.toMicros(took));
        }
        received.incrementAndGet();
        attacker.send(Bytes.packet(0x40, new byte[] {body[id], body[id + 1]}));
    }

    /**
     * Waits until what was sent has arrived, and begins anew.
     *
     * @param patienceMillis for the last of them; after it the canary was not served
     */
    public Seen look(int patienceMillis) {
        long upTo = sent.get();
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(patienceMillis);
        while (received.get() < upTo && fault == null && System.nanoTime() < end) {
            LockSupport.parkNanos(EVERY_NANOS);
        }
        boolean served = fault == null && received.get() >= upTo;
        synchronized (micros) {
            Seen seen = new Seen(
                    micros.getTotalCount(),
                    micros.getValueAtPercentile(50) / 1e3,
                    micros.getValueAtPercentile(99) / 1e3,
                    micros.getMaxValue() / 1e3,
                    served);
            micros.reset();
            return seen;
        }
    }

    /** Why it is not served any more; empty: it is. */
    public String fault() {
        return Objects.requireNonNullElse(fault, "");
    }

    @Override
    public void close() throws IOException {
        ended = true;
        attacker.close();
    }
}
