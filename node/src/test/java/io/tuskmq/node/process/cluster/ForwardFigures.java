package io.tuskmq.node.process.cluster;

import static io.tuskmq.node.process.RawMqtt.clean;
import static io.tuskmq.node.process.RawMqtt.persistent;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/**
 * What the hop between two nodes costs: messages per second as fast as they go, and the time from PUBLISH to its arrival at a low rate. Of
 * QoS 0 the subscribers' sessions are clean, of QoS 1 persistent. The publishers are at the first node.
 */
final class ForwardFigures {
    static final int PUBLISHERS = 4;
    static final int WINDOW = 100;
    /** So many messages of QoS 0, which nobody acknowledges, may be on their way: without a bound a flood takes the machine from all. */
    static final int QOS_0_UNDERWAY_MAX = 2_000;

    static final int PAYLOAD_BYTES = 200;
    static final long RATE_SECONDS = 5;
    static final int LATENCY_PER_SECOND = 100;
    static final int LATENCY_MESSAGES = 2_000;
    private static final String PAYLOAD = "p".repeat(PAYLOAD_BYTES);
    private static final long UNDERWAY_LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
    private static final int LATENCY_WARM_UP = 200;
    private static final long LATENCY_GAP_NANOS = TimeUnit.SECONDS.toNanos(1) / LATENCY_PER_SECOND;
    private static final Duration DRAINED = Duration.ofSeconds(30);
    /** After so long without a message of QoS 0 the missing ones don't come any more. */
    private static final Duration SILENCE = Duration.ofSeconds(2);

    private final ClusterProcesses cluster;

    ForwardFigures(ClusterProcesses cluster) {
        this.cluster = cluster;
    }

    private static RawClient subscriber(ClusterNode node, String topic, String filter, int qos) throws IOException {
        String id = topic + "-subscriber";
        RawClient client = qos == 0 ? clean(node.port(), id) : persistent(node.port(), id, false);
        client.send(Packets.subscribe(1, filter, qos));
        if (client.read().type() != 9) {
            throw new AssertionError("not subscribed");
        }
        return client;
    }

    /** As fast as they go, for some seconds, to one subscriber at a node. */
    Map<String, Object> rate(int qos, int toNode) throws IOException {
        String topic = cluster.newRoot();
        List<RawClient> publishers = new ArrayList<>();
        try (RawClient subscriber = subscriber(cluster.node(toNode), topic, topic + "/#", qos);
                Arrivals arrivals = Arrivals.of(subscriber, message -> {})) {
            for (int i = 0; i < PUBLISHERS; i++) {
                publishers.add(clean(cluster.node(1).port(), topic + "-publisher-" + i));
            }
            long start = System.nanoTime();
            long end = start + TimeUnit.SECONDS.toNanos(RATE_SECONDS);
            List<Callable<Long>> tasks = new ArrayList<>();
            for (int i = 0; i < PUBLISHERS; i++) {
                RawClient publisher = publishers.get(i);
                String own = topic + "/" + i;
                tasks.add(() ->
                        qos == 0 ? publishUntil(publisher, own, arrivals, end) : publishUntil(publisher, own, end));
            }
            long sent = Together.run(tasks).stream().mapToLong(Long::longValue).sum();
            arrivals.await(sent, qos == 0 ? SILENCE : DRAINED);
            long received = arrivals.count();
            double seconds = (arrivals.lastNanos() - start) / 1e9;
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("sent", sent);
            figures.put("received", received);
            figures.put("seconds_to_the_last", seconds);
            figures.put("received_per_second", received / seconds);
            return figures;
        } finally {
            for (RawClient publisher : publishers) {
                publisher.close();
            }
        }
    }

    /** With QoS 0: each publisher at most its part ahead of its part of what has arrived. */
    private static long publishUntil(RawClient publisher, String topic, Arrivals arrivals, long endNanos)
            throws IOException {
        byte[] publish = Packets.publish(0, 0, topic, PAYLOAD);
        long sent = 0;
        while (System.nanoTime() - endNanos < 0) {
            if ((sent - arrivals.count() / PUBLISHERS) * PUBLISHERS < QOS_0_UNDERWAY_MAX) {
                publisher.send(publish);
                sent++;
            } else {
                LockSupport.parkNanos(UNDERWAY_LOOK_NANOS);
            }
        }
        return sent;
    }

    /** With QoS 1. */
    private static long publishUntil(RawClient publisher, String topic, long endNanos) throws IOException {
        long sent = 0;
        int unacknowledged = 0;
        while (System.nanoTime() - endNanos < 0) {
            publisher.send(Packets.publish(1, 1 + (int) (sent++ % 65_535), topic, PAYLOAD));
            if (++unacknowledged == WINDOW) {
                acknowledged(publisher);
                unacknowledged--;
            }
        }
        for (; unacknowledged > 0; unacknowledged--) {
            acknowledged(publisher);
        }
        return sent;
    }

    private static void acknowledged(RawClient publisher) throws IOException {
        RawClient.Packet answer = publisher.read();
        if (answer.type() != 4) {
            throw new AssertionError("not a PUBACK: " + answer);
        }
    }

    /**
     * Every other message goes to a subscriber at the publisher's own node, the others to one at the second node: whatever else the machine
     * does hits both alike.
     */
    Map<String, Object> latency(int qos) throws IOException {
        String topic = cluster.newRoot();
        AtomicLongArray sentNanos = new AtomicLongArray(LATENCY_WARM_UP + LATENCY_MESSAGES);
        Timings near = new Timings();
        Timings far = new Timings();
        String nearTopic = topic + "/near";
        String farTopic = topic + "/far";
        try (RawClient nearClient = subscriber(cluster.node(1), nearTopic, nearTopic, qos);
                RawClient farClient = subscriber(cluster.node(2), farTopic, farTopic, qos);
                Arrivals nearOnes = Arrivals.of(nearClient, payload -> measure(payload, sentNanos, near));
                Arrivals farOnes = Arrivals.of(farClient, payload -> measure(payload, sentNanos, far));
                RawClient publisher = clean(cluster.node(1).port(), topic + "-publisher");
                Arrivals answers = Arrivals.of(publisher, payload -> {})) {
            long next = System.nanoTime();
            for (int i = 0; i < sentNanos.length(); i++) {
                next += LATENCY_GAP_NANOS;
                LockSupport.parkNanos(next - System.nanoTime());
                byte[] publish = Packets.publish(qos, i + 1, i % 2 == 0 ? nearTopic : farTopic, Integer.toString(i));
                sentNanos.set(i, System.nanoTime());
                publisher.send(publish);
            }
            nearOnes.await(sentNanos.length() / 2, DRAINED);
            farOnes.await(sentNanos.length() / 2, DRAINED);
            answers.orThrow();
        }
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("same_node", near.figures());
        figures.put("two_nodes", far.figures());
        figures.put("added_millis_p50", far.percentile(50) - near.percentile(50));
        figures.put("added_millis_p99", far.percentile(99) - near.percentile(99));
        return figures;
    }

    private static void measure(String payload, AtomicLongArray sentNanos, Timings timings) {
        long now = System.nanoTime();
        int number = Integer.parseInt(payload);
        if (number >= LATENCY_WARM_UP) {
            timings.add(now - sentNanos.get(number));
        }
    }
}
