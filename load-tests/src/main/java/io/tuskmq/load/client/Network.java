package io.tuskmq.load.client;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.EventExecutor;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The event loops and sockets that a run's clients share: epoll where there is one. */
public final class Network implements AutoCloseable {
    private static final int HTTP_BYTES_MAX = 1 << 16;
    private static final int OUT_BYTES = 2_048;

    private final MultiThreadIoEventLoopGroup group;
    private final List<EventLoop> loops = new ArrayList<>();
    private final Bootstrap bootstrap;
    private final Settings settings;
    private final Payloads payloads;
    private int nextSource;

    /**
     * What all connections have in common.
     *
     * @param tls null: plain
     * @param webSocketPath null: MQTT straight over TCP
     * @param sources local addresses that connections start from, in turn; empty: the system's choice
     * @param inFlightMax unacknowledged messages of one client
     */
    public record Settings(
            Credentials credentials,
            @Nullable SslContext tls,
            @Nullable String webSocketPath,
            List<String> sources,
            int inFlightMax,
            int threads) {
        public static Settings plain(Protocol protocol) {
            return new Settings(Credentials.of(protocol), null, null, List.of(), 1_000, 1);
        }
    }

    public Network(Settings settings, Payloads payloads) {
        this.settings = settings;
        this.payloads = payloads;
        boolean hasEpoll = Epoll.isAvailable();
        this.group = new MultiThreadIoEventLoopGroup(
                settings.threads(), hasEpoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        for (EventExecutor loop : group) {
            loops.add((EventLoop) loop);
        }
        this.bootstrap = new Bootstrap()
                .channel(hasEpoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS,
                        settings.credentials().connectTimeoutMillis());
    }

    public Payloads payloads() {
        return payloads;
    }

    public int loops() {
        return loops.size();
    }

    EventLoop loop(int index) {
        return loops.get(index);
    }

    Credentials credentials() {
        return settings.credentials();
    }

    public int inFlightMax() {
        return Math.min(settings.inFlightMax(), Window.MESSAGES_MAX);
    }

    ByteBuf buffer() {
        return PooledByteBufAllocator.DEFAULT.directBuffer(OUT_BYTES);
    }

    /** Makes a client on the event loop that belongs to this number. */
    public Client client(int loopOf, Target target, Session session, Events events) {
        return new Client(this, Math.floorMod(loopOf, loops.size()), target, session, events);
    }

    /** Runs the work while all event loops stand still, so that it sees what they have done. */
    public <T> T standStill(Callable<T> work) throws Exception {
        CountDownLatch standing = new CountDownLatch(loops.size());
        CountDownLatch over = new CountDownLatch(1);
        for (EventLoop loop : loops) {
            loop.execute(() -> {
                standing.countDown();
                try {
                    over.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        try {
            standing.await();
            return work.call();
        } finally {
            over.countDown();
        }
    }

    void open(Client client) {
        Target target = client.target();
        InetSocketAddress remote = new InetSocketAddress(target.host(), target.port());
        Bootstrap opening = bootstrap.clone(client.loop()).handler(new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                client.opening(channel);
                fill(channel.pipeline(), client, target);
            }
        });
        if (!settings.sources().isEmpty()) {
            int source = Math.floorMod(nextSource++, settings.sources().size());
            opening.localAddress(new InetSocketAddress(settings.sources().get(source), 0));
        }
        var _ = opening.connect(remote).addListener((ChannelFutureListener) done -> {
            if (!done.isSuccess()) {
                client.unopened(done.channel(), done.cause());
            }
        });
    }

    private void fill(ChannelPipeline pipeline, Client client, Target target) {
        if (settings.tls() != null) {
            pipeline.addLast(settings.tls().newHandler(pipeline.channel().alloc(), target.host(), target.port()));
        }
        String path = settings.webSocketPath();
        if (path != null) {
            String scheme = settings.tls() == null ? "ws://" : "wss://";
            pipeline.addLast(new HttpClientCodec());
            pipeline.addLast(new HttpObjectAggregator(HTTP_BYTES_MAX));
            pipeline.addLast(new WebSocketClientProtocolHandler(WebSocketClientProtocolConfig.newBuilder()
                    .webSocketUri(scheme + target + path)
                    .subprotocol("mqtt")
                    .maxFramePayloadLength(1 << 24)
                    .handshakeTimeoutMillis(settings.credentials().connectTimeoutMillis())
                    .build()));
            pipeline.addLast(new WebSocketBytes());
        }
        pipeline.addLast(new Frames(client, path != null));
    }

    @Override
    public void close() {
        var _ = group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly(10, TimeUnit.SECONDS);
    }
}
