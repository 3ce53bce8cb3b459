package io.tuskmq.node.mqtt;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What happened at the listeners of one node; for metrics. Safe from any thread. */
public final class MqttCounters {
    final AtomicInteger openConnections = new AtomicInteger();
    final LongAdder refusedConnections = new LongAdder();
    final LongAdder badPackets = new LongAdder();
    final LongAdder tooLargeForClient = new LongAdder();
    final LongAdder refusedTopics = new LongAdder();
    final LongAdder cutOff = new LongAdder();
    final LongAdder ownFailures = new LongAdder();

    /** Network connections open now, with or without a CONNECT. */
    public int openConnections() {
        return openConnections.get();
    }

    /** Closed at once because there were too many, or because the node is stopping. */
    public long refusedConnections() {
        return refusedConnections.sum();
    }

    /** Connections ended for a packet that broke the protocol. */
    public long badPackets() {
        return badPackets.sum();
    }

    /** Packets not sent since they exceed what the client takes [MQTT5-3.1.2-24]. */
    public long tooLargeForClient() {
        return tooLargeForClient.sum();
    }

    /** PUBLISH packets from clients to topics that are the broker's own. */
    public long refusedTopics() {
        return refusedTopics.sum();
    }

    /** Connections ended since the broker itself failed: to be zero. */
    public long ownFailures() {
        return ownFailures.sum();
    }

    /** Connections cut since the client did not read. */
    public long cutOff() {
        return cutOff.sum();
    }
}
