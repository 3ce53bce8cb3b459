package io.tuskmq.cluster.links;

import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Nodes with links between them, and what can go wrong there: for the contract. */
abstract class LinksFixture implements AutoCloseable {
    static final byte[] SECRET = "a secret".getBytes(StandardCharsets.UTF_8);

    /** One node. {@code peer} is how it is reached without faults. */
    record Node(Links links, RecordingHandler handler, Peer peer) {
        long incarnation() {
            return peer.incarnation();
        }
    }

    private final List<Node> nodes = new ArrayList<>();

    abstract Links create();

    /** How the one reaches the other over a way that can be disturbed. */
    abstract Peer disturbable(Node from, Node to);

    /** The connections over a way that can be disturbed break, once. */
    abstract void breakConnections(Node from, Node to);

    /** What {@code from} says on its connection waits on the way. */
    abstract void stall(Node from, Node to);

    abstract void resume(Node from, Node to);

    abstract void cut(Node from, Node to);

    abstract void heal(Node from, Node to);

    abstract void closeNetwork();

    final Node start(long incarnation, String name) {
        return start(incarnation, name, SECRET);
    }

    final Node start(long incarnation, String name, byte[] secret) {
        return start(create(), incarnation, name, secret);
    }

    final Node start(Links links, long incarnation, String name, byte[] secret) {
        RecordingHandler handler = new RecordingHandler();
        int port = get(links.listen(handler));
        Node node = new Node(links, handler, new Peer(incarnation, name, "127.0.0.1", port));
        links.self(node.peer(), secret);
        nodes.add(node);
        return node;
    }

    @Override
    public final void close() {
        nodes.forEach(node -> get(node.links().close()));
        closeNetwork();
    }

    static <T> T get(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            }
            throw new AssertionError(e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }
}
