package io.tuskmq.node.cluster;

import io.tuskmq.cluster.Cluster;
import io.tuskmq.cluster.Peer;
import io.tuskmq.storage.Leases;
import java.util.ArrayList;
import java.util.List;

/** The other live nodes that have an address, as a heartbeat tells them. */
final class LinkableNodes {
    private LinkableNodes() {}

    static List<Cluster.Node> of(Leases.Heartbeat heartbeat, long self) {
        List<Cluster.Node> nodes = new ArrayList<>();
        for (Leases.LiveNode node : heartbeat.nodes()) {
            if (node.incarnation() != self) {
                node.address()
                        .ifPresent(address -> nodes.add(new Cluster.Node(
                                peer(node, address), address.linkHost() + ":" + address.memberPort())));
            }
        }
        return nodes;
    }

    /** The other live nodes that have none, in words. */
    static List<String> missingIn(Leases.Heartbeat heartbeat, long self) {
        return heartbeat.nodes().stream()
                .filter(node -> node.incarnation() != self && node.address().isEmpty())
                .map(node -> node.name() + " (it is alone: cluster.port is off there)")
                .toList();
    }

    static Peer peer(Leases.LiveNode node, Leases.Address address) {
        return new Peer(node.incarnation(), node.name(), address.linkHost(), address.linkPort());
    }
}
