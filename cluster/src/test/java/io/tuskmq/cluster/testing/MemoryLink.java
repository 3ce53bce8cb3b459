package io.tuskmq.cluster.testing;

import io.tuskmq.cluster.Peer;
import io.tuskmq.cluster.rules.Redial;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One node's wish to be linked to a peer. Lives on the network's loop, but for tell and ask. */
final class MemoryLink {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryLink.class);

    private final MemoryNetwork network;
    private final MemoryLinks from;
    private final Peer peer;
    private final Redial redial = new Redial();
    private volatile @Nullable MemoryConnection standing;
    private volatile boolean dropped;

    MemoryLink(MemoryNetwork network, MemoryLinks from, Peer peer) {
        this.network = network;
        this.from = from;
        this.peer = peer;
    }

    void start() {
        network.loop().run(this::dial);
    }

    Peer peer() {
        return peer;
    }

    void drop() {
        dropped = true;
        network.loop().run(() -> {
            MemoryConnection now = standing;
            if (now != null) {
                // As in good order: what was told before arrives.
                now.deliver();
                now.breakNow();
            }
        });
    }

    boolean tell(byte channel, Buffer body) {
        MemoryConnection now = standing;
        return now != null && !dropped && now.tell(channel, body);
    }

    Future<Buffer> ask(byte channel, Buffer body, long timeoutMillis) {
        MemoryConnection now = standing;
        return now == null || dropped
                ? MemoryLinks.notLinked(peer.incarnation())
                : now.ask(channel, body, timeoutMillis);
    }

    private void dial() {
        if (dropped) {
            return;
        }
        Peer me = Objects.requireNonNull(from.self());
        MemoryLinks to = network.nodeAt(peer.port());
        if (to == null) {
            failed(true);
            return;
        }
        Peer listener = to.self();
        if (network.isCut(from, to) || listener == null || !to.knowsSecretOf(from)) {
            failed(false);
            return;
        }
        if (network.isRefusing(to) || listener.incarnation() != peer.incarnation()) {
            failed(true);
            return;
        }
        MemoryConnection now = new MemoryConnection(network, this, from, to, me);
        to.heard(me, now);
        if (now.isOpen()) {
            standing = now;
            if (!dropped) {
                tellUp(now);
            }
        }
    }

    private void tellUp(MemoryConnection now) {
        try {
            from.handler().up(peer);
        } catch (RuntimeException e) {
            LOG.error("link broken by a fault", e);
            now.breakNow();
        }
    }

    private void failed(boolean refused) {
        Redial.Next next = redial.failed(refused, network.loop().nowMillis());
        if (next.deserted()) {
            from.handler().down(peer, true);
        }
        network.loop().after(next.delayMillis(), this::dial);
    }

    /** Our connection broke. */
    void broke(MemoryConnection connection) {
        if (standing != connection) {
            // It broke while the peer heard of it: we had not.
            network.loop().after(redial.broke(0), this::dial);
            return;
        }
        standing = null;
        if (!dropped) {
            from.handler().down(peer, false);
            network.loop().after(redial.broke(connection.stoodMillis()), this::dial);
        }
    }

    void breakTo(MemoryLinks other) {
        MemoryConnection now = standing;
        if (now != null && now.to() == other) {
            now.breakNow();
        }
    }

    void deliverTo(MemoryLinks other) {
        MemoryConnection now = standing;
        if (now != null && now.to() == other) {
            now.deliver();
        }
    }
}
