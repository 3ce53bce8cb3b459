package io.tuskmq.node.cluster;

import io.tuskmq.node.metrics.Metrics;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What this node did for and because of others, since it started. */
final class ClusterCounters {
    private final LongAdder forwarded;
    private final LongAdder directLost;
    private final LongAdder gaps;
    private final LongAdder unforwarded;
    private final LongAdder ownerGone;
    private final LongAdder revoked;

    ClusterCounters(Metrics metrics) {
        forwarded = metrics.counter("tuskmq_forwarded_total", "Messages sent to other nodes, each once for each node.");
        directLost = metrics.counter(
                "tuskmq_forwards_dropped_total",
                "Messages for clean sessions of another node that could not be sent to it or not be taken there.");
        String help = "How often messages were found not to have been forwarded, so that sessions read the log.";
        gaps = metrics.counter("tuskmq_forward_gaps_total", help, Map.of("found", "chain"));
        unforwarded = metrics.counter("tuskmq_forward_gaps_total", help, Map.of("found", "heartbeat"));
        ownerGone = metrics.counter("tuskmq_forward_gaps_total", help, Map.of("found", "owner_gone"));
        revoked = metrics.counter("tuskmq_nodes_revoked_total", "Other nodes that this one has taken for dead.");
    }

    void forwarded(int messages) {
        forwarded.add(messages);
    }

    void directLost() {
        directLost.increment();
    }

    void gap() {
        gaps.increment();
    }

    /** A living owner has not forwarded what it committed. */
    void unforwarded() {
        unforwarded.increment();
    }

    void ownerGone() {
        ownerGone.increment();
    }

    void revoked() {
        revoked.increment();
    }
}
