package io.tuskmq.cluster.testing;

import io.tuskmq.cluster.LinkException;
import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** One node's links in a {@link MemoryNetwork}: the twin of {@code TcpLinks}, held to the same contract. */
public final class MemoryLinks implements Links {
    private final MemoryNetwork network;
    private final ConcurrentHashMap<Long, MemoryLink> outgoing = new ConcurrentHashMap<>();
    /** Connections that peers opened to this node. Touched on the loop. */
    private final Map<Long, MemoryConnection> incoming = new HashMap<>();

    private volatile @Nullable Handler handler;
    private volatile @Nullable Peer self;
    private volatile byte[] secret = {};
    private volatile int port;
    private volatile boolean closed;

    MemoryLinks(MemoryNetwork network) {
        this.network = network;
    }

    @Override
    public Future<Integer> listen(Handler newHandler) {
        handler = newHandler;
        port = network.listen(this);
        return Future.succeededFuture(port);
    }

    @Override
    public void self(Peer newSelf, byte[] newSecret) {
        secret = newSecret.clone();
        self = newSelf;
    }

    @Override
    public void wanted(Collection<Peer> peers) {
        Peer me = Objects.requireNonNull(self, "self comes first");
        Map<Long, Peer> wanted = new HashMap<>();
        peers.forEach(peer -> wanted.put(peer.incarnation(), peer));
        wanted.remove(me.incarnation());
        outgoing.values().removeIf(link -> {
            boolean keep = link.peer().equals(wanted.get(link.peer().incarnation()));
            if (!keep) {
                link.drop();
            }
            return !keep;
        });
        if (!closed) {
            wanted.forEach((incarnation, peer) -> {
                MemoryLink link = new MemoryLink(network, this, peer);
                // Found before it starts: the handler may tell as soon as it is up.
                if (outgoing.putIfAbsent(incarnation, link) == null) {
                    link.start();
                }
            });
        }
    }

    @Override
    public boolean tell(long incarnation, byte channel, Buffer body) {
        MemoryLink link = outgoing.get(incarnation);
        return link != null && link.tell(channel, body);
    }

    @Override
    public Future<Buffer> ask(long incarnation, byte channel, Buffer body, long timeoutMillis) {
        MemoryLink link = outgoing.get(incarnation);
        return link == null ? notLinked(incarnation) : link.ask(channel, body, timeoutMillis);
    }

    @Override
    public Future<Void> close() {
        closed = true;
        outgoing.values().forEach(MemoryLink::drop);
        outgoing.clear();
        network.refuse(this);
        Promise<Void> done = Promise.promise();
        network.loop().run(done::complete);
        return done.future();
    }

    static <T> Future<T> notLinked(long incarnation) {
        return Future.failedFuture(
                new LinkException(LinkException.Kind.DOWN, "incarnation " + incarnation + " is not linked"));
    }

    int port() {
        return port;
    }

    boolean isClosed() {
        return closed;
    }

    @Nullable
    Peer self() {
        return self;
    }

    boolean knowsSecretOf(MemoryLinks other) {
        return Arrays.equals(secret, other.secret);
    }

    Handler handler() {
        return Objects.requireNonNull(handler, "listen comes first");
    }

    /** A peer's connection stands. On the loop, as all below. */
    void heard(Peer from, MemoryConnection connection) {
        MemoryConnection earlier = incoming.put(from.incarnation(), connection);
        if (earlier != null) {
            earlier.breakNow();
            incoming.put(from.incarnation(), connection);
        }
        if (!closed) {
            handler().heard(from);
        }
    }

    void silent(Peer from, MemoryConnection connection) {
        incoming.remove(from.incarnation(), connection);
        if (!closed) {
            handler().silent(from);
        }
    }

    void breakTo(MemoryLinks other) {
        outgoing.values().forEach(link -> link.breakTo(other));
    }

    void deliverTo(MemoryLinks other) {
        outgoing.values().forEach(link -> link.deliverTo(other));
    }
}
