package io.tuskmq.cluster.links;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** Writes down what happens on a node's links: one queue of lines for each peer. */
final class RecordingHandler implements Links.Handler {
    private static final long PATIENCE_SECONDS = 20;

    private final Map<String, BlockingQueue<String>> lines = new ConcurrentHashMap<>();
    private final Map<String, Peer> heard = new ConcurrentHashMap<>();
    volatile BiConsumer<Peer, Buffer> onTold = (from, body) -> add(from, "told " + body);
    volatile Function<Buffer, Future<Buffer>> onAsked =
            body -> Future.succeededFuture(Buffer.buffer("answer to ").appendBuffer(body));
    volatile Runnable onUp = () -> {};
    volatile Runnable onRoom = () -> {};
    volatile boolean behind;

    @Override
    public void room(Peer peer) {
        onRoom.run();
    }

    @Override
    public boolean isBehind() {
        return behind;
    }

    @Override
    public void up(Peer peer) {
        onUp.run();
        add(peer, "up");
    }

    @Override
    public void down(Peer peer, boolean refused) {
        add(peer, refused ? "refused" : "down");
    }

    @Override
    public void heard(Peer from) {
        heard.put(from.name(), from);
        add(from, "heard");
    }

    @Override
    public void silent(Peer from) {
        add(from, "silent");
    }

    @Override
    public void told(Peer from, byte channel, Buffer body) {
        onTold.accept(from, body);
    }

    @Override
    public Future<Buffer> asked(Peer from, byte channel, Buffer body) {
        return onAsked.apply(body);
    }

    private void add(Peer peer, String line) {
        of(peer.name()).add(line);
    }

    private BlockingQueue<String> of(String name) {
        return lines.computeIfAbsent(name, absent -> new LinkedBlockingQueue<>());
    }

    /** What the peer called itself when it was heard. */
    Peer heardPeer(String name) {
        return Objects.requireNonNull(heard.get(name));
    }

    /** The next things that happen with this peer are these, in this order. */
    void expect(String name, String... expected) throws InterruptedException {
        for (String line : expected) {
            assertEquals(line, of(name).poll(PATIENCE_SECONDS, TimeUnit.SECONDS), "with " + name);
        }
    }

    /** The next things that happen with this peer are these, in any order. */
    void expectInAnyOrder(String name, String... expected) throws InterruptedException {
        List<String> left = new ArrayList<>(List.of(expected));
        for (int i = 0; i < expected.length; i++) {
            String line = of(name).poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertTrue(left.remove(line), () -> "with " + name + ": " + line + ", but not " + left);
        }
    }

    /** Nothing (more) happened with this peer, and nothing does for a while. */
    void expectNothing(String name, long millis) throws InterruptedException {
        assertNull(of(name).poll(millis, TimeUnit.MILLISECONDS), "with " + name);
    }
}
