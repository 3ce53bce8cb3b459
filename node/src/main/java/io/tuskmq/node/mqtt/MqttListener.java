package io.tuskmq.node.mqtt;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.SslHandler;
import io.tuskmq.node.auth.Address;
import io.tuskmq.node.metrics.Metrics;
import io.tuskmq.node.session.ConnectionHandler;
import io.tuskmq.node.tls.CertificateWatch;
import io.tuskmq.node.tls.ClientTrust;
import io.tuskmq.node.tls.Credential;
import io.tuskmq.node.tls.TlsFiles;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import io.vertx.mqtt.MqttServer;
import io.vertx.mqtt.MqttServerOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The ports for MQTT clients. On each event loop, each port has an {@link MqttServer} of vertx-mqtt, which accepts and does
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
    private final Map<Kind, Integer> bound = new ConcurrentHashMap<>();
    private volatile boolean accepting;
    private volatile @Nullable ServerTls tls;
    private volatile @Nullable CertificateWatch watch;

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
        MqttOptions.Ports ports = options.ports();
        return readTls()
                .compose(read -> open(ports.tcp(), Kind.TCP))
                .compose(opened -> open(ports.webSocket(), Kind.WEB_SOCKET))
                .compose(opened -> open(ports.tls(), Kind.TLS))
                .compose(opened -> open(ports.webSocketTls(), Kind.WEB_SOCKET_TLS))
                .map(opened -> this)
                .recover(failure -> close().transform(closed -> Future.failedFuture(failure)));
    }

    private Future<Void> readTls() {
        MqttOptions.Tls files = options.tls();
        if (files == null) {
            return Future.succeededFuture();
        }
        return vertx.executeBlocking(() -> {
            TlsFiles.Content content = files.files().read();
            Credential credential = Credential.of(vertx, content);
            tls = new ServerTls(credential, files.clientMust());
            CertificateWatch watching = watch;
            if (watching != null) {
                watching.inUse(content, credential);
            }
            return null;
        });
    }

    /** By which clients' certificates are taken now, if they are asked for one. */
    public Optional<ClientTrust> clientTrust() {
        ServerTls used = tls;
        return Optional.ofNullable(used == null ? null : used.trust());
    }

    /** Looks for renewed files of TLS; nothing where there is no TLS. Before {@link #listen}, whose files are then the ones in use. */
    public Optional<CertificateWatch> watchCertificates(Metrics metrics) {
        MqttOptions.Tls files = options.tls();
        if (files == null) {
            return Optional.empty();
        }
        CertificateWatch made = new CertificateWatch(
                vertx,
                new CertificateWatch.Watched("mqtt", files.files()),
                metrics,
                renewal -> vertx.executeBlocking(() -> {
                    Objects.requireNonNull(tls, "it listens").take(renewal.credential());
                    return null;
                }));
        watch = made;
        return Optional.of(made);
    }

    /** The address of all ports, as it was asked for. */
    public String host() {
        return options.host();
    }

    /** The port that MQTT over TCP got, or {@link MqttOptions#OFF}. */
    public int port() {
        return port(Kind.TCP);
    }

    public int webSocketPort() {
        return port(Kind.WEB_SOCKET);
    }

    public int tlsPort() {
        return port(Kind.TLS);
    }

    public int webSocketTlsPort() {
        return port(Kind.WEB_SOCKET_TLS);
    }

    private int port(Kind kind) {
        return bound.getOrDefault(kind, MqttOptions.OFF);
    }

    public MqttCounters counters() {
        return counters;
    }

    private enum Kind {
        TCP,
        WEB_SOCKET,
        TLS,
        WEB_SOCKET_TLS;

        boolean isWebSocket() {
            return this == WEB_SOCKET || this == WEB_SOCKET_TLS;
        }

        boolean isTls() {
            return this == TLS || this == WEB_SOCKET_TLS;
        }
    }

    /** The first server binds; the others share its port, each on its own event loop. */
    private Future<Void> open(int wanted, Kind kind) {
        if (wanted == MqttOptions.OFF) {
            return Future.succeededFuture();
        }
        int shared = wanted == 0 ? FREE_PORT.decrementAndGet() : wanted;
        Future<Void> opened = Future.succeededFuture();
        for (ShardLoop loop : loops) {
            opened = opened.compose(before -> open(loop, shared, kind));
        }
        return opened;
    }

    private Future<Void> open(ShardLoop loop, int wanted, Kind kind) {
        TappedVertx tapped = new TappedVertx(vertx, loop.context, socket -> connected(loop, socket, kind));
        MqttServer server = MqttServer.create(tapped, serverOptions(kind));
        synchronized (servers) {
            servers.add(tapped);
        }
        // The endpoints of vertx-mqtt are never made: the tap answers CONNECT.
        server.endpointHandler(endpoint -> endpoint.close());
        return server.listen(wanted, options.host()).map(listening -> {
            bound.put(kind, tapped.server().actualPort());
            return null;
        });
    }

    /** Without TLS: it stands between the PROXY header, which comes in the clear, and everything else, so it is put there by us. */
    private MqttServerOptions serverOptions(Kind kind) {
        MqttServerOptions server = new MqttServerOptions();
        server.setMaxMessageSize(options.limits().packetBytesMax());
        server.setTcpNoDelay(true).setTcpKeepAlive(true).setAcceptBacklog(4_096).setReuseAddress(true);
        if (kind.isWebSocket()) {
            server.setUseWebSocket(true);
            server.setWebSocketMaxFrameSize(options.limits().frameBytesMax());
        }
        return server;
    }

    private void connected(ShardLoop loop, NetSocket socket, Kind kind) {
        ChannelPipeline pipeline =
                ((NetSocketInternal) socket).channelHandlerContext().pipeline();
        SocketAddress remote = socket.remoteAddress();
        if (options.proxies().isEmpty() || !isProxy(remote)) {
            arrived(loop, pipeline, kind, remote);
            return;
        }
        new ProxyHeader(
                        remote,
                        options.limits().connectMillisMax(),
                        client -> arrived(loop, pipeline, kind, client),
                        why -> loop.badBytes(String.valueOf(remote), why))
                .addTo(pipeline);
    }

    private boolean isProxy(SocketAddress remote) {
        Address address = Address.ofSocket(String.valueOf(remote));
        return options.proxies().stream().anyMatch(network -> network.contains(address));
    }

    /** @param remote the client's own address, whatever it came through: what all limits, rules and logs know */
    @SuppressWarnings("FutureReturnValueIgnored") // closing a refused connection has nobody to tell
    private void arrived(ShardLoop loop, ChannelPipeline pipeline, Kind kind, SocketAddress remote) {
        String address = String.valueOf(remote.hostAddress());
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
                Tap tap = tap(loop, pipeline, String.valueOf(remote), kind);
                if (kind.isTls()) {
                    addTls(pipeline);
                }
                if (afterNanos > 0) {
                    addFirst(pipeline, Turnstile.NAME, new Turnstile(afterNanos));
                    tap.restFor(afterNanos);
                }
            }
        }
    }

    private void addTls(ChannelPipeline pipeline) {
        SslHandler handler = Objects.requireNonNull(tls, "it was read before the port was opened")
                .handler(pipeline.channel().alloc(), options.limits().connectMillisMax());
        addFirst(pipeline, "ssl", handler);
    }

    /** First of all, or behind the PROXY header that is being read. */
    private static void addFirst(ChannelPipeline pipeline, String name, ChannelHandler handler) {
        if (pipeline.get(ProxyHeader.NAME) == null) {
            pipeline.addFirst(name, handler);
        } else {
            pipeline.addAfter(ProxyHeader.NAME, name, handler);
        }
    }

    /** vertx-mqtt has built its pipeline: the tap takes the place of what it put there for MQTT itself. */
    private static Tap tap(ShardLoop loop, ChannelPipeline pipeline, String remote, Kind kind) {
        Tap tap = new Tap(loop, remote);
        pipeline.addBefore("mqttDecoder", "tap", tap);
        remove(pipeline, "mqttDecoder");
        remove(pipeline, "mqttEncoder");
        remove(pipeline, "idle");
        remove(pipeline, "timeoutOnConnect");
        // Vert.x's socket, which nothing comes through any more: its queue alone is 5 KB for each connection.
        remove(pipeline, "handler");
        if (kind.isWebSocket()) {
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
