package io.tuskmq.cluster.testing;

import io.tuskmq.cluster.LinkException;
import io.tuskmq.cluster.LinkException.Kind;
import io.tuskmq.cluster.Peer;
import io.tuskmq.cluster.links.TcpLinks.Limits;
import io.tuskmq.cluster.rules.WaitingBytes;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One standing connection: two queues, and what is asked on it. Lives on the network's loop, but for tell and ask. */
final class MemoryConnection {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryConnection.class);
    private static final Limits LIMITS = Limits.DEFAULT;
    /** About what a frame has besides its body. */
    private static final int HEAD_BYTES = 6;

    /** Something under way, and what it does when it arrives. */
    private record Parcel(Runnable arrival) {}

    private final MemoryNetwork network;
    private final MemoryLink link;
    private final MemoryLinks to;
    private final Peer me;
    private final Pipe there;
    private final Pipe back;
    private final WaitingBytes waiting = new WaitingBytes(LIMITS.waitingBytesMax());
    private final Set<Promise<Buffer>> asked = ConcurrentHashMap.newKeySet();
    private final long sinceMillis;
    private volatile boolean open = true;

    MemoryConnection(MemoryNetwork network, MemoryLink link, MemoryLinks from, MemoryLinks to, Peer me) {
        this.network = network;
        this.link = link;
        this.to = to;
        this.me = me;
        there = new Pipe(from, to);
        back = new Pipe(to, from);
        sinceMillis = network.loop().nowMillis();
    }

    MemoryLinks to() {
        return to;
    }

    boolean isOpen() {
        return open;
    }

    long stoodMillis() {
        return network.loop().nowMillis() - sinceMillis;
    }

    boolean tell(byte channel, Buffer body) {
        int bytes = HEAD_BYTES + body.length();
        if (!open || bytes > LIMITS.frameBytesMax() || !waiting.offer(bytes)) {
            return false;
        }
        there.put(() -> {
            waiting.taken(bytes);
            if (!to.isClosed()) {
                to.handler().told(me, channel, body.copy());
            }
        });
        return true;
    }

    Future<Buffer> ask(byte channel, Buffer body, long timeoutMillis) {
        if (asked.size() >= LIMITS.unansweredMax()) {
            return Future.failedFuture(new LinkException(Kind.LIMIT, LIMITS.unansweredMax() + " asks are unanswered"));
        }
        if (body.length() > LIMITS.frameBytesMax()) {
            return Future.failedFuture(new LinkException(Kind.LIMIT, "too large: " + body.length() + " bytes"));
        }
        Context caller = Vertx.currentContext();
        Promise<Buffer> promise = caller instanceof ContextInternal c ? c.promise() : Promise.promise();
        asked.add(promise);
        network.loop()
                .after(
                        timeoutMillis,
                        () -> fail(
                                promise, new LinkException(Kind.TIMEOUT, "no answer within " + timeoutMillis + " ms")));
        there.put(() -> arrived(channel, body.copy(), promise));
        if (!open) {
            fail(promise, new LinkException(Kind.DOWN, "the link broke"));
        }
        return promise.future();
    }

    private void arrived(byte channel, Buffer body, Promise<Buffer> promise) {
        if (to.isClosed()) {
            return;
        }
        Future<Buffer> answer;
        try {
            answer = to.handler().asked(me, channel, body);
        } catch (RuntimeException e) {
            LOG.error("ask failed by a fault", e);
            answer = Future.failedFuture(e);
        }
        answer.onSuccess(bytes -> back.put(() -> {
                    if (asked.remove(promise)) {
                        promise.complete(bytes.copy());
                    }
                }))
                .onFailure(failure -> {
                    String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
                    back.put(() -> fail(promise, new LinkException(Kind.REMOTE, message)));
                });
    }

    private void fail(Promise<Buffer> promise, LinkException failure) {
        if (asked.remove(promise)) {
            promise.fail(failure);
        }
    }

    void deliver() {
        there.deliver();
        back.deliver();
    }

    /** Both ends notice at once. */
    void breakNow() {
        if (!open) {
            return;
        }
        open = false;
        asked.forEach(promise -> fail(promise, new LinkException(Kind.DOWN, "the link broke")));
        to.silent(me, this);
        link.broke(this);
    }

    /** What one end sends to the other. */
    private final class Pipe {
        private final MemoryLinks sender;
        private final MemoryLinks receiver;
        private final Queue<Parcel> parcels = new ConcurrentLinkedQueue<>();
        private boolean busy;

        Pipe(MemoryLinks sender, MemoryLinks receiver) {
            this.sender = sender;
            this.receiver = receiver;
        }

        void put(Runnable arrival) {
            parcels.add(new Parcel(arrival));
            network.loop().run(this::deliver);
        }

        void deliver() {
            while (open && !busy && !parcels.isEmpty() && !network.isPaused(sender, receiver)) {
                long millis = network.slowMillis(sender, receiver);
                if (millis == 0) {
                    arrive();
                } else {
                    busy = true;
                    network.loop().after(millis, () -> {
                        busy = false;
                        arrive();
                        deliver();
                    });
                }
            }
        }

        private void arrive() {
            Parcel parcel = open ? parcels.poll() : null;
            if (parcel == null) {
                return;
            }
            try {
                parcel.arrival().run();
            } catch (RuntimeException e) {
                LOG.error("link broken by a fault", e);
                breakNow();
            }
        }
    }
}
