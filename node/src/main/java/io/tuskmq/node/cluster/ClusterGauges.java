package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.node.metrics.Metrics;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** The lease and the links, as metrics. */
final class ClusterGauges {
    private static final double MILLIS = 1_000;

    private ClusterGauges() {}

    static void register(
            Metrics metrics, Cluster cluster, Supplier<Optional<Membership>> membership, LongSupplier clock) {
        metrics.gauge(
                "tuskmq_links",
                "Other nodes that this one is linked to now.",
                () -> cluster.linked().size());
        metrics.known(
                "tuskmq_lease_seconds",
                "Until others may take this node for dead, if it doesn't renew its lease; 0 when it holds none.",
                () -> lease(membership.get(), clock));
        metrics.known(
                "tuskmq_heartbeat_age_seconds",
                "Since the last renewal of the lease that PostgreSQL answered was sent.",
                () -> age(membership.get(), clock));
        link(
                metrics,
                cluster,
                "tuskmq_link_up",
                "Whether the link to a live node stands.",
                link -> link.isUp() ? 1 : 0);
        link(
                metrics,
                cluster,
                "tuskmq_link_waiting_bytes",
                "What is told to another node and was not taken by the socket yet.",
                Cluster.LinkState::waitingBytes);
        link(
                metrics,
                cluster,
                "tuskmq_link_lag_seconds",
                "How long what is told to another node waits until the socket has taken it.",
                link -> link.lagMillis() / MILLIS);
    }

    private static OptionalDouble lease(Optional<Membership> membership, LongSupplier clock) {
        return membership.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(
                        membership.get().isStopped()
                                ? 0
                                : Math.max(
                                        0,
                                        (membership.get().standing.leaseEndsAtMillis() - clock.getAsLong()) / MILLIS));
    }

    private static OptionalDouble age(Optional<Membership> membership, LongSupplier clock) {
        return membership
                .map(mine -> OptionalDouble.of((clock.getAsLong() - mine.standing.renewedAtMillis()) / MILLIS))
                .orElse(OptionalDouble.empty());
    }

    private static void link(
            Metrics metrics, Cluster cluster, String name, String help, ToDoubleFunction<Cluster.LinkState> value) {
        metrics.each(name, help, "peer", () -> {
            Map<String, Double> values = new HashMap<>();
            cluster.links().forEach(link -> values.put(link.peer().name(), value.applyAsDouble(link)));
            return values;
        });
    }
}
