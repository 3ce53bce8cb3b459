package io.tuskmq.cluster.links;

import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.tuskmq.cluster.testing.MemoryLinks;
import io.tuskmq.cluster.testing.MemoryNetwork;

class MemoryLinksTest extends LinksContract {
    @Override
    LinksFixture fixture() {
        return new MemoryFixture();
    }

    /** Nodes in a network in memory. */
    private static final class MemoryFixture extends LinksFixture {
        private final MemoryNetwork network = new MemoryNetwork();

        @Override
        Links create() {
            return network.node();
        }

        @Override
        Peer disturbable(Node from, Node to) {
            return to.peer();
        }

        @Override
        void breakConnections(Node from, Node to) {
            network.breakLinks(of(from), of(to));
        }

        @Override
        void stall(Node from, Node to) {
            network.pause(of(from), of(to));
        }

        @Override
        void resume(Node from, Node to) {
            network.resume(of(from), of(to));
        }

        @Override
        void cut(Node from, Node to) {
            network.cut(of(from), of(to));
        }

        @Override
        void heal(Node from, Node to) {
            network.heal(of(from), of(to));
        }

        @Override
        void closeNetwork() {
            network.close();
        }

        private static MemoryLinks of(Node node) {
            return (MemoryLinks) node.links();
        }
    }
}
