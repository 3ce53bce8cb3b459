package io.tuskmq.node.session;

import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.rules.Effect.Dropped;
import io.tuskmq.storage.Store;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** What the sessions of this node did since it started. Written from all event loops, read by whoever shows it. */
public final class SessionCounters {
    private static final int QOS_MAX = 2;

    private final LongAdder[] received;
    private final LongAdder[] sent;
    private final LongAdder accepted;
    private final LongAdder ended;
    private final LongAdder takeovers;
    private final LongAdder wills;
    private final LongAdder refusedByQuota;
    private final LongAdder missed;
    private final Map<Dropped.Reason, LongAdder> dropped = new EnumMap<>(Dropped.Reason.class);

    public SessionCounters(Metrics metrics) {
        received = byQos(
                metrics,
                "tuskmq_publish_received_total",
                "PUBLISH packets taken in from clients, repeats not counted, by QoS.");
        sent = byQos(
                metrics, "tuskmq_publish_sent_total", "PUBLISH packets sent to clients, repeats included, by QoS.");
        accepted = metrics.counter("tuskmq_connections_accepted_total", "Connections that got a good CONNACK.");
        ended = metrics.counter("tuskmq_connections_ended_total", "Accepted connections that have ended.");
        takeovers =
                metrics.counter("tuskmq_takeovers_total", "Connections ended by a newer one of the same client id.");
        wills = metrics.counter("tuskmq_wills_published_total", "Wills published by this node.");
        refusedByQuota = metrics.counter(
                "tuskmq_publish_refused_total", "PUBLISH packets of MQTT 5 refused (0x97), since the log has no room.");
        missed = metrics.counter(
                "tuskmq_audit_missed_total",
                "Messages that the audit found in the log and delivered, since they had not been handed over.");
        for (Dropped.Reason reason : Dropped.Reason.values()) {
            String label = reason.name().toLowerCase(Locale.ROOT);
            dropped.put(
                    reason,
                    metrics.counter(
                            "tuskmq_messages_dropped_total",
                            "Messages not delivered to a session, by reason.",
                            Map.of("reason", label)));
        }
    }

    private static LongAdder[] byQos(Metrics metrics, String name, String help) {
        LongAdder[] counters = new LongAdder[QOS_MAX + 1];
        for (int qos = 0; qos <= QOS_MAX; qos++) {
            counters[qos] = metrics.counter(name, help, Map.of("qos", Integer.toString(qos)));
        }
        return counters;
    }

    private static long sum(LongAdder[] counters) {
        return Arrays.stream(counters).mapToLong(LongAdder::sum).sum();
    }

    void publishReceived(int qos) {
        received[qos].increment();
    }

    void publishSent(int qos) {
        sent[qos].increment();
    }

    void connected() {
        accepted.increment();
    }

    void disconnected() {
        ended.increment();
    }

    void takenOver() {
        takeovers.increment();
    }

    void willPublished() {
        wills.increment();
    }

    /** @param byLog whether the log has no room; those that can't be retained have a count of their own */
    void refused(boolean byLog) {
        if (byLog) {
            refusedByQuota.increment();
        }
    }

    void missed(int messages) {
        missed.add(messages);
    }

    public long messagesMissed() {
        return missed.sum();
    }

    void dropped(Dropped.Reason reason, int messages) {
        Objects.requireNonNull(dropped.get(reason), "each reason has one").add(messages);
    }

    /** What the retention dropped before it was delivered: each message once for each session that waited for it. */
    public void retention(Store.Retention done) {
        Objects.requireNonNull(dropped.get(Dropped.Reason.RETENTION)).add(done.undelivered());
    }

    public long publishesReceived() {
        return sum(received);
    }

    public long publishesSent() {
        return sum(sent);
    }

    public long messagesDropped() {
        return dropped.values().stream().mapToLong(LongAdder::sum).sum();
    }

    public long connections() {
        return accepted.sum() - ended.sum();
    }
}
