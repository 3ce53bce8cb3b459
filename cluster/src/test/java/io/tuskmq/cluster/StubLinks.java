package io.tuskmq.cluster;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Links between clusters of one JVM, on one event loop, with cuts; for tests of what stands on links. */
public final class StubLinks implements Links {
    /** What the nodes have in common. */
    public static final class Hub {
        private final Vertx vertx;
        private final Context context;
        private final Map<Long, StubLinks> nodes = new ConcurrentHashMap<>();
        private final Set<Set<Long>> cuts = new HashSet<>();
        private final AtomicInteger ports = new AtomicInteger(10_000);

        public Hub(Vertx vertx) {
            this.vertx = vertx;
            context = vertx.getOrCreateContext();
        }

        public StubLinks links() {
            return new StubLinks(this);
        }

        public void cut(long one, long other) {
            run(() -> cuts.add(Set.of(one, other)));
        }

        public void mend(long one, long other) {
            run(() -> cuts.remove(Set.of(one, other)));
        }

        private void run(Runnable step) {
            context.runOnContext(ignored -> {
                step.run();
                nodes.values().forEach(StubLinks::settle);
            });
        }
    }

    private final Hub hub;
    private final Map<Long, Peer> wanted = new HashMap<>();
    private final Set<Long> up = ConcurrentHashMap.newKeySet();
    private @Nullable Handler handler;
    private @Nullable Peer self;

    private StubLinks(Hub hub) {
        this.hub = hub;
    }

    @Override
    public Future<Integer> listen(Handler of) {
        handler = of;
        return Future.succeededFuture(hub.ports.incrementAndGet());
    }

    @Override
    public void self(Peer me, byte[] secret) {
        self = me;
        hub.run(() -> hub.nodes.put(me.incarnation(), this));
    }

    @Override
    public void wanted(Collection<Peer> peers) {
        hub.run(() -> {
            wanted.clear();
            peers.forEach(peer -> wanted.put(peer.incarnation(), peer));
        });
    }

    @Override
    public boolean tell(long incarnation, byte channel, Buffer body) {
        if (!up.contains(incarnation)) {
            return false;
        }
        hub.run(() -> {
            StubLinks to = hub.nodes.get(incarnation);
            if (to != null && up.contains(incarnation)) {
                to.handler().told(me(), channel, body);
            }
        });
        return true;
    }

    @Override
    public Future<Buffer> ask(long incarnation, byte channel, Buffer body, long timeoutMillis) {
        Promise<Buffer> promise = Promise.promise();
        hub.run(() -> {
            StubLinks to = hub.nodes.get(incarnation);
            if (to == null || !up.contains(incarnation)) {
                promise.tryFail(new LinkException(LinkException.Kind.DOWN, "down"));
                return;
            }
            to.handler()
                    .asked(me(), channel, body)
                    .onComplete(answer -> hub.run(() -> {
                        if (answer.succeeded() && up.contains(incarnation)) {
                            promise.tryComplete(answer.result());
                        } else {
                            promise.tryFail(
                                    new LinkException(LinkException.Kind.REMOTE, String.valueOf(answer.cause())));
                        }
                    }));
        });
        hub.vertx.setTimer(
                timeoutMillis,
                timer -> promise.tryFail(new LinkException(LinkException.Kind.TIMEOUT, "no answer in time")));
        return promise.future();
    }

    @Override
    public Future<Void> close() {
        Promise<Void> closed = Promise.promise();
        hub.run(() -> {
            Peer me = self;
            if (me != null) {
                hub.nodes.remove(me.incarnation());
            }
            closed.complete();
        });
        return closed.future();
    }

    private void settle() {
        for (long incarnation : Set.copyOf(up)) {
            if (!stands(incarnation)) {
                up.remove(incarnation);
                StubLinks to = hub.nodes.get(incarnation);
                Peer peer = wanted.get(incarnation);
                if (peer != null) {
                    handler().down(peer, to == null);
                }
                if (to != null) {
                    to.handler().silent(me());
                }
            }
        }
        for (Peer peer : wanted.values()) {
            StubLinks to = hub.nodes.get(peer.incarnation());
            if (to != null && !up.contains(peer.incarnation()) && stands(peer.incarnation())) {
                up.add(peer.incarnation());
                handler().up(peer);
                to.handler().heard(me());
            }
        }
    }

    private boolean stands(long incarnation) {
        return wanted.containsKey(incarnation)
                && hub.nodes.containsKey(incarnation)
                && hub.nodes.containsKey(me().incarnation())
                && !hub.cuts.contains(Set.of(me().incarnation(), incarnation));
    }

    private Peer me() {
        Peer me = self;
        if (me == null) {
            throw new IllegalStateException("it has no self yet");
        }
        return me;
    }

    private Handler handler() {
        Handler of = handler;
        if (of == null) {
            throw new IllegalStateException("it doesn't listen yet");
        }
        return of;
    }
}
