package io.tuskmq.load;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Speaks TLS, WebSocket or both to clients, and plain MQTT to the broker behind it. */
final class Front implements AutoCloseable {
    private static final String PATH = "/mqtt";

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Channel server;

    /** Connections that came as far as MQTT: their handshakes were done. */
    final AtomicInteger carried = new AtomicInteger();

    /** @param certificate null: no TLS */
    Front(ScriptedBroker broker, @Nullable TestCertificate certificate, boolean isWebSocket) throws SSLException {
        SslContext tls = certificate == null
                ? null
                : SslContextBuilder.forServer(certificate.keys()).build();
        int port = Integer.parseInt(broker.address().replaceFirst(".*:", ""));
        server = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel client) {
                        if (tls != null) {
                            client.pipeline().addLast(tls.newHandler(client.alloc()));
                        }
                        if (isWebSocket) {
                            client.pipeline()
                                    .addLast(
                                            new HttpServerCodec(),
                                            new HttpObjectAggregator(1 << 16),
                                            new WebSocketServerProtocolHandler(PATH, "mqtt"),
                                            new OwnFrames());
                        }
                        client.pipeline().addLast(new ToBroker(port));
                    }
                })
                .childOption(ChannelOption.TCP_NODELAY, true)
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
    }

    String address() {
        return "127.0.0.1:" + ((InetSocketAddress) server.localAddress()).getPort();
    }

    @Override
    public void close() {
        var _ = group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly(10, TimeUnit.SECONDS);
    }

    /** Each piece of MQTT is cut into two frames: a binary one, which is not the message's last, and its continuation. */
    private static final class OwnFrames extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            ByteBuf bytes = (ByteBuf) message;
            ByteBuf begin = bytes.readRetainedSlice(bytes.readableBytes() / 2);
            var _ = context.write(new BinaryWebSocketFrame(false, 0, begin));
            var _ = context.write(new ContinuationWebSocketFrame(true, 0, bytes), promise);
        }
    }

    /** The broker's side of one connection, opened by the first bytes of MQTT. */
    private final class ToBroker extends ChannelInboundHandlerAdapter {
        private final int port;
        private @Nullable Channel broker;

        ToBroker(int port) {
            this.port = port;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            @Nullable
            ByteBuf bytes = switch (message) {
                case ByteBuf plain -> plain;
                case BinaryWebSocketFrame frame -> frame.content();
                case FullHttpRequest request -> {
                    request.release();
                    refuse(context);
                    yield null;
                }
                default -> throw new IllegalStateException("a message that nobody expects: " + message);
            };
            if (bytes == null) {
                return;
            }
            Channel to = broker;
            if (to != null) {
                var _ = to.writeAndFlush(bytes);
                return;
            }
            carried.incrementAndGet();
            Channel client = context.channel();
            client.config().setAutoRead(false);
            var _ = new Bootstrap()
                    .group(client.eventLoop())
                    .channel(NioSocketChannel.class)
                    .handler(new FromBroker(client))
                    .connect(InetAddress.getLoopbackAddress(), port)
                    .addListener((ChannelFutureListener) done -> {
                        broker = done.channel();
                        var _ = done.channel().writeAndFlush(bytes);
                        client.config().setAutoRead(true);
                    });
        }

        /** No WebSocket at this path, or no HTTP at all; sent from before the handler that makes frames of what is sent. */
        private static void refuse(ChannelHandlerContext context) {
            var _ = context.pipeline()
                    .context(HttpObjectAggregator.class)
                    .writeAndFlush(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.NOT_FOUND))
                    .addListener(ChannelFutureListener.CLOSE);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (broker != null) {
                var _ = broker.close();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            var _ = context.close(); // a client that does not trust the certificate says so by an alert
        }
    }

    /** What the broker says, to the client. */
    private static final class FromBroker extends ChannelInboundHandlerAdapter {
        private final Channel client;

        FromBroker(Channel client) {
            this.client = client;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (client.isActive()) {
                var _ = client.writeAndFlush(message);
            } else {
                ReferenceCountUtil.release(message);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            var _ = client.close();
        }
    }
}
