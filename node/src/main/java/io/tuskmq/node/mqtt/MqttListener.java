package io.tuskmq.node.mqtt;

import io.netty.channel.ChannelPipeline;
import io.tuskmq.node.session.ConnectionHandler;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.mqtt.MqttServer;
import io.vertx.mqtt.MqttServerOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The ports for MQTT clients. On each event loop, each port has an {@link MqttServer} of vertx-mqtt, which accepts, does TLS and
 * WebSocket; the {@link Tap} has the bytes of MQTT. May be called from any thread.
 */
public final class MqttListener {
    /** A negative port is Vert.x's way to share one free port among servers: each number stands for another one. */
    private static final AtomicInteger FREE_PORT = new AtomicInteger();

    private final Vertx vertx;
    private final MqttOptions options;
    private final ConnectionHandler handler;
    private final MqttCounters counters = new MqttCounters();
    private final Admission admission;
    private final BadInputLog badInput = new BadInputLog();
    private final List<ShardLoop> loops = new ArrayList<>();
    private final List<TappedVertx> servers = new ArrayList<>();
    private volatile boolean accepting;
    private volatile int port = MqttOptions.OFF;
    private volatile int webSocketPort = MqttOptions.OFF;
    private volatile int tlsPort = MqttOptions.OFF;

    public MqttListener(Vertx vertx, MqttOptions options, ConnectionHandler handler) {
        this.vertx = vertx;
        this.options = options;
        this.handler = handler;
        this.admission =
                new Admission(options.limits().arrivals(), options.limits().connectMillisMax());
    }

    /** Opens the ports. Fails, with none left open, when one of them can't be bound. */
    public Future<MqttListener> listen() {
        for (int i = 0; i < options.eventLoops(); i++) {
            ContextInternal context = ((VertxInternal) vertx).createEventLoopContext();
            loops.add(new ShardLoop(context, handler, options.limits(), counters, badInput));
        }
        accepting = true;
        return open(options.port(), Kind.TCP)
                .compose(bound -> {
                    port = bound;
                    return open(options.webSocketPort(), Kind.WEB_SOCKET);
                })
                .compose(bound -> {
                    webSocketPort = bound;
                    return open(options.tlsPort(), Kind.TLS);
                })
                .map(bound -> {
                    tlsPort = bound;
                    return this;
                })
                .recover(failure -> close().transform(closed -> Future.failedFuture(failure)));
    }

    /** The address of all ports, as it was asked for. */
    public String host() {
        return options.host();
    }

    /** The port that MQTT over TCP got, or {@link MqttOptions#OFF}. */
    public int port() {
        return port;
    }

    public int webSocketPort() {
        return webSocketPort;
    }

    public int tlsPort() {
        return tlsPort;
    }

    public MqttCounters counters() {
        return counters;
    }

    private enum Kind {
        TCP,
        WEB_SOCKET,
        TLS
    }

    /** The first server binds; the others share its port, each on its own event loop. */
    private Future<Integer> open(int wanted, Kind kind) {
        if (wanted == MqttOptions.OFF) {
            return Future.succeededFuture(MqttOptions.OFF);
        }
        int shared = wanted == 0 ? FREE_PORT.decrementAndGet() : wanted;
        Future<Integer> bound = Future.succeededFuture(MqttOptions.OFF);
        for (ShardLoop loop : loops) {
            bound = bound.compose(before -> open(loop, shared, kind));
        }
        return bound;
    }

    private Future<Integer> open(ShardLoop loop, int wanted, Kind kind) {
        TappedVertx tapped = new TappedVertx(vertx, loop.context, socket -> connected(loop, socket, kind));
        MqttServer server = MqttServer.create(tapped, serverOptions(kind));
        synchronized (servers) {
            servers.add(tapped);
        }
        // The endpoints of vertx-mqtt are never made: the tap answers CONNECT.
        server.endpointHandler(endpoint -> endpoint.close());
        return server.listen(wanted, options.host())
                .map(listening -> tapped.server().actualPort());
    }

    private MqttServerOptions serverOptions(Kind kind) {
        MqttServerOptions server = new MqttServerOptions();
        server.setMaxMessageSize(options.limits().packetBytesMax());
        server.setTcpNoDelay(true).setTcpKeepAlive(true).setAcceptBacklog(4_096).setReuseAddress(true);
        if (kind == Kind.WEB_SOCKET) {
            server.setUseWebSocket(true);
            server.setWebSocketMaxFrameSize(Math.max(64 << 10, options.limits().packetBytesMax()));
        }
        MqttOptions.Tls tls = options.tls();
        if (kind == Kind.TLS && tls != null) {
            server.setSsl(true);
            server.setKeyCertOptions(
                    new PemKeyCertOptions().setCertPath(tls.certificateFile()).setKeyPath(tls.keyFile()));
            String ca = tls.clientCaFile();
            if (ca != null) {
                server.setClientAuth(tls.clientMust() ? ClientAuth.REQUIRED : ClientAuth.REQUEST);
                server.setTrustOptions(new PemTrustOptions().addCertPath(ca));
            }
        }
        return server;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // closing a refused connection has nobody to tell
    private void connected(ShardLoop loop, NetSocket socket, Kind kind) {
        ChannelPipeline pipeline =
                ((NetSocketInternal) socket).channelHandlerContext().pipeline();
        String address = String.valueOf(socket.remoteAddress().hostAddress());
        Admission.Answer answer = accepting
                ? admission.admit(address, System.nanoTime())
                : new Admission.Answer.Refuse(Admission.Refusal.STOPPING);
        switch (answer) {
            case Admission.Answer.Refuse(Admission.Refusal why) -> {
                counters.refused(why);
                pipeline.channel().close();
            }
            case Admission.Answer.LetIn(long afterNanos) -> {
                counters.openConnections.incrementAndGet();
                pipeline.channel().closeFuture().addListener(closed -> {
                    counters.openConnections.decrementAndGet();
                    admission.leave(address);
                });
                tap(loop, socket, pipeline, kind).restFor(afterNanos);
            }
        }
    }

    /** vertx-mqtt has built its pipeline: the tap takes the place of what it put there for MQTT itself. */
    private static Tap tap(ShardLoop loop, NetSocket socket, ChannelPipeline pipeline, Kind kind) {
        Tap tap = new Tap(loop, String.valueOf(socket.remoteAddress()));
        pipeline.addBefore("mqttDecoder", "tap", tap);
        remove(pipeline, "mqttDecoder");
        remove(pipeline, "mqttEncoder");
        remove(pipeline, "idle");
        remove(pipeline, "timeoutOnConnect");
        // Vert.x's socket, which nothing comes through any more: its queue alone is 5 KB for each connection.
        remove(pipeline, "handler");
        if (kind == Kind.TLS) {
            remove(pipeline, "chunkedWriter"); // for files; its queue is not bounded by the water marks
        }
        if (kind == Kind.WEB_SOCKET) {
            // No compression: a small frame could become a gigabyte.
            remove(pipeline, "webSocketExtensionHandler");
        }
        return tap;
    }

    private static void remove(ChannelPipeline pipeline, String name) {
        if (pipeline.get(name) != null) {
            pipeline.remove(name);
        }
    }

    /** Takes no more connections; those that are open stay. */
    public void stopAccepting() {
        accepting = false;
    }

    /**
     * Closes the ports, and completes when all connections are closed: their sessions are to do that; after {@code graceMillis} those
     * still open are cut.
     */
    public Future<Void> close(long graceMillis) {
        accepting = false;
        List<TappedVertx> all;
        synchronized (servers) {
            all = new ArrayList<>(servers);
            servers.clear();
        }
        List<Future<Void>> closing = new ArrayList<>();
        for (TappedVertx server : all) {
            closing.add(server.server().shutdown(graceMillis, TimeUnit.MILLISECONDS));
        }
        return Future.join(closing).mapEmpty();
    }

    /** Closes the ports and cuts all connections. */
    public Future<Void> close() {
        return close(0);
    }
}
