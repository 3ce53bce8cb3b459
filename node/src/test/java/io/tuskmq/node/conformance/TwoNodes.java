package io.tuskmq.node.conformance;

import io.tuskmq.node.EventLoops;
import io.tuskmq.node.TestNode;
import io.tuskmq.node.process.cluster.Ports;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * Two nodes on one database, A and B, with Hazelcast and links between them: one such cluster for the whole run, so client ids and topics
 * are a test's own there too. They are in the tests' process, because starting two more takes longer than all the tests.
 */
final class TwoNodes implements AutoCloseable {
    private static final Namespace NAMESPACE = Namespace.create(TwoNodes.class);

    private final List<TestNode> nodes = new ArrayList<>();

    private TwoNodes(TestDatabase database) {
        try {
            nodes.add(start("A", database));
            nodes.add(start("B", database));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Started by the first test that wants it. */
    static TwoNodes ofRun(ExtensionContext context) {
        TestDatabase database = PostgresExtension.ofRun(context);
        return context.getRoot()
                .getStore(NAMESPACE)
                .computeIfAbsent(TwoNodes.class, key -> new TwoNodes(database), TwoNodes.class);
    }

    private static TestNode start(String name, TestDatabase database) {
        return TestNode.ofCluster(
                EventLoops.open(),
                database,
                "node.name",
                name,
                "database.url",
                database.urlString(),
                "cluster.host",
                "127.0.0.1",
                "cluster.port",
                Integer.toString(Ports.free()));
    }

    /** Where the node listens that has this letter. */
    int port(char letter) {
        return nodes.get(letter - 'A').port();
    }

    @Override
    public void close() {
        nodes.reversed().forEach(TestNode::close);
    }
}
