package io.tuskmq.cluster.links;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A wire between two nodes that can be disturbed: it forwards bytes and knows nothing of them. */
final class TestProxy {
    /** Two sockets that are one connection. */
    private record Wire(NetSocket dialled, NetSocket onward) {}

    private final NetServer server;
    private final NetClient client;
    private final int target;
    private final Set<Wire> wires = ConcurrentHashMap.newKeySet();
    private volatile boolean cut;
    private volatile boolean stalled;

    private TestProxy(Vertx vertx, int target) {
        this.target = target;
        client = vertx.createNetClient();
        server = vertx.createNetServer().connectHandler(this::accept);
    }

    static TestProxy to(Vertx vertx, int target) {
        TestProxy proxy = new TestProxy(vertx, target);
        LinksFixture.get(proxy.server.listen(0, "127.0.0.1"));
        return proxy;
    }

    int port() {
        return server.actualPort();
    }

    private void accept(NetSocket dialled) {
        if (cut) {
            end(dialled);
            return;
        }
        dialled.pause();
        client.connect(target, "127.0.0.1")
                .onSuccess(onward -> join(new Wire(dialled, onward)))
                .onFailure(failure -> end(dialled));
    }

    private void join(Wire wire) {
        wires.add(wire);
        forward(wire.dialled, wire.onward, wire);
        forward(wire.onward, wire.dialled, wire);
        if (stalled) {
            wire.dialled.pause();
        } else {
            wire.dialled.resume();
        }
    }

    private void forward(NetSocket from, NetSocket to, Wire wire) {
        from.exceptionHandler(failure -> {});
        from.handler(bytes -> {
            to.write(bytes).onFailure(failure -> {});
            if (to.writeQueueFull()) {
                from.pause();
                to.drainHandler(drained -> {
                    if (!stalled) {
                        from.resume();
                    }
                });
            }
        });
        from.closeHandler(closed -> {
            if (wires.remove(wire)) {
                end(to);
            }
        });
    }

    /** Ends what stands; with {@code cut}, what comes too. */
    void breakAll(boolean andCut) {
        cut = andCut;
        for (Wire wire : List.copyOf(wires)) {
            wires.remove(wire);
            end(wire.dialled);
            end(wire.onward);
        }
    }

    void heal() {
        cut = false;
    }

    /** The dialling end is told of a break, the listening end is not: as when a FIN is lost. */
    void breakDiallingEnds() {
        for (Wire wire : List.copyOf(wires)) {
            wires.remove(wire);
            end(wire.dialled);
        }
    }

    /** What dialling ends send is not forwarded. */
    void stall() {
        stalled = true;
        wires.forEach(wire -> wire.dialled.pause());
    }

    /** Nothing is forwarded, and nothing closed. */
    void stallBothWays() {
        stalled = true;
        wires.forEach(wire -> {
            wire.dialled.pause();
            wire.onward.pause();
        });
    }

    void resume() {
        stalled = false;
        wires.forEach(wire -> {
            wire.dialled.resume();
            wire.onward.resume();
        });
    }

    private static void end(NetSocket socket) {
        socket.close().onFailure(failure -> {});
    }

    Future<Void> close() {
        breakAll(true);
        return server.close().eventually(client::close);
    }
}
