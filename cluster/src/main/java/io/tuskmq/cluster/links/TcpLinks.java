package io.tuskmq.cluster.links;

import io.tuskmq.cluster.LinkException;
import io.tuskmq.cluster.Links;
import io.tuskmq.cluster.Peer;
import io.tuskmq.cluster.rules.OncePer;
import io.tuskmq.cluster.rules.Pace;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.ServerSSLOptions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Links on TCP: one connection that we open to each peer, and those that peers open to us. Each has its own event loop, where the handler is called.
 * A callback that throws breaks its link. After {@link #close} no callback begins.
 */
public final class TcpLinks implements Links {
    private static final Logger LOG = LoggerFactory.getLogger(TcpLinks.class);

    /** On how many event loops incoming connections are spread at most. */
    private static final int LOOPS_MAX = 4;

    private static final Set<String> PROTOCOLS = Set.of("TLSv1.3", "TLSv1.2");
    private static final long REFUSAL_LOG_MILLIS = 60_000;
    private static final int REFUSAL_ADDRESSES_MAX = 1_000;

    /** A negative port is Vert.x's way to share one free port among servers: each number stands for another one. */
    private static final AtomicInteger FREE_PORT = new AtomicInteger(-1_000_000);

    /**
     * Where and how to listen, and how to dial.
     *
     * @param host address to listen on
     * @param port 0 = any free one
     */
    public record Options(String host, int port, @Nullable Tls tls, Timing timing, Limits limits) {
        public static Options of(String host, int port) {
            return new Options(host, port, null, Timing.DEFAULT, Limits.DEFAULT);
        }
    }

    /**
     * PEM files. Both ends must show a certificate that is signed by the CA. The host's name is not looked for in it, since nodes come and go
     * with their addresses: the CA must be the cluster's own.
     */
    public record Tls(String certPath, String keyPath, String caPath) {}

    /**
     * @param connectMillis for the TCP connection
     * @param handshakeMillis from the TCP (and TLS) connection until the other end has proved itself
     * @param pingMillis between pings, when nothing else is sent
     * @param idleMillis without a byte: the connection is closed
     */
    public record Timing(int connectMillis, int handshakeMillis, int pingMillis, int idleMillis) {
        public static final Timing DEFAULT = new Timing(2_000, 2_000, 500, 3_000);
    }

    /**
     * @param frameBytesMax largest frame that is sent or taken
     * @param waitingBytesMax for one peer, from which on nothing is told to it until half of it is gone
     * @param unansweredMax asks to one peer
     * @param strangersMax connections that have not proved themselves; more are closed at once
     * @param pace of what is told paced, which is counted on its own
     */
    public record Limits(
            int frameBytesMax, long waitingBytesMax, int unansweredMax, int strangersMax, Pace.Marks pace) {
        public static final Limits DEFAULT = new Limits(64 << 20, 8 << 20, 10_000, 256, Pace.Marks.DEFAULT);
    }

    /** Who this node is. */
    record Self(Peer peer, byte[] secret) {}

    private final VertxInternal vertx;
    private final Options options;
    private final NetClient client;
    private final List<NetServer> servers = new ArrayList<>();
    private final OncePer<String> refusalLog = new OncePer<>(REFUSAL_LOG_MILLIS, REFUSAL_ADDRESSES_MAX);
    private final ReentrantLock wantedLock = new ReentrantLock();
    private final ConcurrentHashMap<Long, OutgoingLink> outgoing = new ConcurrentHashMap<>();
    /** Those of peers, by incarnation. */
    private final ConcurrentHashMap<Long, IncomingLink> incoming = new ConcurrentHashMap<>();
    /** All that are open. */
    private final Set<IncomingLink> open = ConcurrentHashMap.newKeySet();

    private final AtomicInteger strangers = new AtomicInteger();
    private volatile @Nullable Handler handler;
    private volatile @Nullable Self self;
    private volatile boolean closed;

    public TcpLinks(Vertx vertx, Options options) {
        this.vertx = (VertxInternal) vertx;
        this.options = options;
        client = vertx.createNetClient(clientOptions(options));
    }

    @Override
    public Future<Integer> listen(Handler newHandler) {
        handler = newHandler;
        int shared = options.port() == 0 ? FREE_PORT.decrementAndGet() : options.port();
        int loops = Math.min(LOOPS_MAX, Runtime.getRuntime().availableProcessors());
        Future<Integer> bound = Future.succeededFuture(0);
        for (int i = 0; i < loops; i++) {
            bound = bound.compose(before -> listen(newContext(), shared));
        }
        return bound.recover(failure -> closeServers().transform(done -> Future.failedFuture(failure)));
    }

    private Future<Integer> listen(ContextInternal context, int port) {
        NetServer server = vertx.createNetServer(serverOptions(options));
        server.connectHandler(this::accept);
        server.exceptionHandler(failure -> LOG.debug("link not accepted why=\"{}\"", failure.getMessage()));
        servers.add(server);
        // On the context: that makes its event loop the one of the server's connections.
        var bound = context.<Integer>promise();
        context.runOnContext(ignored ->
                server.listen(port, options.host()).map(NetServer::actualPort).onComplete(bound));
        return bound.future();
    }

    private void accept(NetSocket socket) {
        IncomingLink link = new IncomingLink(this, vertx.getOrCreateContext(), socket);
        open.add(link);
        if (strangers.incrementAndGet() > options.limits().strangersMax()) {
            link.refuse("too many connections that have not proved themselves");
        } else if (closed) {
            link.refuse("this node stops");
        }
    }

    @Override
    public void self(Peer newSelf, byte[] secret) {
        Handshake.check(newSelf, secret);
        self = new Self(newSelf, secret.clone());
    }

    @Override
    public void wanted(Collection<Peer> peers) {
        Self me = self();
        wantedLock.lock();
        try {
            if (closed) {
                return;
            }
            Map<Long, Peer> wanted = new HashMap<>();
            peers.forEach(peer -> wanted.put(peer.incarnation(), peer));
            wanted.remove(me.peer().incarnation());
            outgoing.values().removeIf(link -> {
                boolean keep = link.peer().equals(wanted.get(link.peer().incarnation()));
                if (!keep) {
                    quietly(link.drop());
                }
                return !keep;
            });
            wanted.forEach((incarnation, peer) -> {
                if (!outgoing.containsKey(incarnation)) {
                    OutgoingLink link = new OutgoingLink(this, client, peer);
                    // Found before it starts: the handler may tell as soon as it is up.
                    outgoing.put(incarnation, link);
                    link.start();
                }
            });
        } finally {
            wantedLock.unlock();
        }
    }

    @Override
    public boolean tell(long incarnation, byte channel, Buffer body) {
        OutgoingLink link = outgoing.get(incarnation);
        return link != null && link.tell(channel, body);
    }

    @Override
    public boolean tellPaced(long incarnation, byte channel, Buffer body) {
        OutgoingLink link = outgoing.get(incarnation);
        return link != null && link.tellPaced(channel, body);
    }

    @Override
    public boolean isSlow(long incarnation) {
        OutgoingLink link = outgoing.get(incarnation);
        return link != null && link.isSlow();
    }

    @Override
    public Waiting waiting(long incarnation) {
        OutgoingLink link = outgoing.get(incarnation);
        return link == null ? Waiting.NOTHING : link.waiting();
    }

    @Override
    public Future<Buffer> ask(long incarnation, byte channel, Buffer body, long timeoutMillis) {
        OutgoingLink link = outgoing.get(incarnation);
        if (link == null) {
            return Future.failedFuture(
                    new LinkException(LinkException.Kind.DOWN, "incarnation " + incarnation + " is not linked"));
        }
        return link.ask(channel, body, timeoutMillis);
    }

    /** By what the files hold, not by their names: Vert.x takes the same names for the same certificate. */
    @Override
    public Future<Void> renewTls(Buffer certificate, Buffer key, Buffer authorities) {
        if (options.tls() == null) {
            return Future.succeededFuture();
        }
        PemKeyCertOptions keys =
                new PemKeyCertOptions().setCertValue(certificate).setKeyValue(key);
        PemTrustOptions trust = new PemTrustOptions().addCertValue(authorities);
        ServerSSLOptions incoming = new ServerSSLOptions().setClientAuth(ClientAuth.REQUIRED);
        incoming.setKeyCertOptions(keys).setTrustOptions(trust).setEnabledSecureTransportProtocols(PROTOCOLS);
        ClientSSLOptions outward = new ClientSSLOptions().setHostnameVerificationAlgorithm("");
        outward.setKeyCertOptions(keys).setTrustOptions(trust).setEnabledSecureTransportProtocols(PROTOCOLS);
        // All servers share the port, and with it the first one's certificate.
        return servers.getFirst()
                .updateSSLOptions(incoming, true)
                .compose(done -> client.updateSSLOptions(outward, true))
                .mapEmpty();
    }

    @Override
    public Future<Void> close() {
        List<Future<Void>> ends = new ArrayList<>();
        wantedLock.lock();
        try {
            closed = true;
            outgoing.values().forEach(link -> ends.add(link.drop()));
            outgoing.clear();
        } finally {
            wantedLock.unlock();
        }
        open.forEach(link -> ends.add(link.leave("this node stops")));
        return Future.join(ends).transform(done -> closeServers()).eventually(client::close);
    }

    private Future<Void> closeServers() {
        return Future.join(servers.stream().map(NetServer::close).toList()).mapEmpty();
    }

    Options options() {
        return options;
    }

    boolean isClosed() {
        return closed;
    }

    Handler handler() {
        return Objects.requireNonNull(handler, "listen comes first");
    }

    Self self() {
        return Objects.requireNonNull(self, "self comes first");
    }

    @Nullable
    Self selfOrNull() {
        return self;
    }

    ContextInternal newContext() {
        return vertx.createEventLoopContext();
    }

    /** The incoming link has proved itself. Completes when an earlier one of the same peer is gone. */
    Future<Void> admitted(long incarnation, IncomingLink link) {
        strangers.decrementAndGet();
        IncomingLink earlier = incoming.put(incarnation, link);
        return earlier == null ? Future.succeededFuture() : earlier.replaced();
    }

    void left(long incarnation, IncomingLink link) {
        incoming.remove(incarnation, link);
    }

    /** An incoming connection is no more. */
    void closed(IncomingLink link) {
        open.remove(link);
    }

    /** It ended before it had proved itself. */
    void strangerLeft() {
        strangers.decrementAndGet();
    }

    /** One line for each address and minute, whoever refused whom. */
    void refused(String remote, String why) {
        if (!closed && refusalLog.passes(remote, LinkConnection.nowMillis())) {
            LOG.warn("link not made remote={} why=\"{}\"", remote, why);
        }
    }

    private static void quietly(Future<Void> ending) {
        ending.onFailure(failure -> LOG.warn("link not ended", failure));
    }

    private static NetServerOptions serverOptions(Options options) {
        NetServerOptions server = new NetServerOptions();
        server.setTcpNoDelay(true).setReuseAddress(true);
        Tls tls = options.tls();
        if (tls != null) {
            server.setSsl(true)
                    .setKeyCertOptions(keyPair(tls))
                    .setTrustOptions(new PemTrustOptions().addCertPath(tls.caPath()))
                    .setEnabledSecureTransportProtocols(PROTOCOLS)
                    .setSslHandshakeTimeout(options.timing().handshakeMillis())
                    .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
            server.setClientAuth(ClientAuth.REQUIRED);
        }
        return server;
    }

    private static NetClientOptions clientOptions(Options options) {
        NetClientOptions client = new NetClientOptions();
        client.setTcpNoDelay(true).setConnectTimeout(options.timing().connectMillis());
        Tls tls = options.tls();
        if (tls != null) {
            client.setSsl(true)
                    .setKeyCertOptions(keyPair(tls))
                    .setTrustOptions(new PemTrustOptions().addCertPath(tls.caPath()))
                    .setHostnameVerificationAlgorithm("")
                    .setEnabledSecureTransportProtocols(PROTOCOLS)
                    .setSslHandshakeTimeout(options.timing().handshakeMillis())
                    .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
        }
        return client;
    }

    private static PemKeyCertOptions keyPair(Tls tls) {
        return new PemKeyCertOptions().setCertPath(tls.certPath()).setKeyPath(tls.keyPath());
    }
}
