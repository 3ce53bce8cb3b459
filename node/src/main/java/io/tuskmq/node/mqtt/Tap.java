package io.tuskmq.node.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.session.ConnectionHandler.CloseCause;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.net.impl.ShutdownEvent;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/**
 * The pipeline handler that has a connection's bytes from the first one on: cuts them into packets, stops and goes on reading, watches
 * the clocks. Lives on the channel's event loop.
 *
 * <p>It takes the place of the decoder, the encoder and the time-outs that vertx-mqtt puts there: those hide what must be checked
 * (repeated properties, reserved bits), drop what must be told (reason codes, causes of a close), and can't stop reading.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write or close that fails ends the channel, and that is heard
final class Tap extends ChannelInboundHandlerAdapter {
    /** A partial packet of that size shows by its growth that the client is alive. */
    private static final int SLOW_PACKET_BYTES = 16 << 10;

    /** How long a closing connection may still take what was sent to it. */
    private static final long LINGER_MILLIS = 1_000;

    private final ShardLoop loop;
    private final MqttConnection connection;
    private @Nullable ChannelHandlerContext ctx;

    /** Bytes of an incomplete packet, or of packets that wait while reading is paused. */
    private @Nullable ByteBuf kept;

    private final @Nullable PublishPace pace;
    private int pauses;
    private boolean parsing;
    private boolean ended;

    private long lastPacketNanos;
    private long keepAliveNanos;

    private int countedAs = MqttCounters.NOT_COUNTED;

    /** The CONNECT deadline, later the keep-alive; cancelled at the end, since it may lie hours ahead. */
    private @Nullable ScheduledFuture<?> clock;

    Tap(ShardLoop loop, String remoteAddress) {
        this.loop = loop;
        this.connection = new MqttConnection(this, loop, remoteAddress);
        this.pace = PublishPace.of(loop.limits.publishRate(), System.nanoTime());
    }

    ChannelHandlerContext ctx() {
        ChannelHandlerContext c = ctx;
        if (c == null) {
            throw new IllegalStateException("not in a pipeline");
        }
        return c;
    }

    /** What TLS has checked, the client's own first; none without TLS, or when the client shows none. */
    List<X509Certificate> peerCertificates() {
        SslHandler tls = ctx().pipeline().get(SslHandler.class);
        if (tls == null) {
            return List.of();
        }
        try {
            return Arrays.stream(tls.engine().getSession().getPeerCertificates())
                    .map(X509Certificate.class::cast)
                    .toList();
        } catch (SSLPeerUnverifiedException _) {
            return List.of();
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        Channel channel = context.channel();
        channel.config().setWriteBufferWaterMark(loop.waterMark);
        connection.outbox(new Outbox(context, loop));
        // Absolute: an idle timer would be reset by every byte that trickles in.
        watch(TimeUnit.MILLISECONDS.toNanos(loop.limits.connectMillisMax()), connection::connectDeadline);
    }

    // --- bytes in

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof ByteBuf bytes) {
            read(bytes);
        } else if (message instanceof ContinuationWebSocketFrame frame) {
            read(frame.content()); // [MQTT-6.0.0-2] frames and packets need not line up
        } else {
            ReferenceCountUtil.release(message);
            if (message instanceof FullHttpRequest) {
                context.writeAndFlush(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.NOT_FOUND));
                context.close();
            } else if (message instanceof WebSocketFrame) {
                dispatch(() ->
                        connection.bad(BadPacket.protocolError("WebSocket frame is not binary"))); // [MQTT-6.0.0-1]
            }
        }
    }

    private void read(ByteBuf bytes) {
        if (connection.isClosed()) {
            bytes.release();
            return;
        }
        ByteBuf before = kept;
        boolean fresh = before == null;
        if (before != null) {
            before.discardReadBytes();
            before.writeBytes(bytes);
            bytes.release();
            if (before.readableBytes() > SLOW_PACKET_BYTES) {
                lastPacketNanos = System.nanoTime();
            }
        } else {
            kept = bytes;
        }
        parse();
        ByteBuf after = kept;
        if (fresh && after != null) {
            // What is left of a read buffer goes to a small buffer of its own: the big one is shared and must go back.
            kept = after.alloc().buffer(after.readableBytes()).writeBytes(after);
            after.release();
        }
    }

    /** Hands over all complete packets, unless reading is paused. */
    private void parse() {
        if (parsing) {
            return;
        }
        parsing = true;
        ContextInternal previous = loop.context.beginDispatch();
        try {
            ByteBuf bytes = kept;
            while (bytes != null && (pauses == 0 || ended) && !connection.isClosed() && parseOne(bytes)) {
                lastPacketNanos = System.nanoTime();
            }
        } catch (BadPacket e) {
            connection.bad(e);
        } catch (RuntimeException | AssertionError e) {
            connection.broken(e);
        } finally {
            ByteBuf bytes = kept;
            if (bytes != null && (connection.isClosed() || !bytes.isReadable())) {
                dropKept();
            }
            loop.context.endDispatch(previous);
            parsing = false;
        }
    }

    private boolean parseOne(ByteBuf bytes) {
        int start = bytes.readerIndex();
        int available = bytes.readableBytes();
        if (available == 0) {
            return false;
        }
        int first = bytes.getUnsignedByte(start);
        connection.checkFirstByte(first);
        int length = 0;
        int headerBytes = 1;
        for (int shift = 0; ; shift += 7) {
            if (shift == 28) {
                throw BadPacket.malformed("remaining length of more than four bytes");
            }
            if (headerBytes == available) {
                return false;
            }
            int b = bytes.getUnsignedByte(start + headerBytes++);
            length |= (b & 0x7F) << shift;
            if ((b & 0x80) == 0) {
                break;
            }
        }
        if (headerBytes + length > loop.limits.packetBytesMax()) {
            throw BadPacket.of(ReasonCodes.PACKET_TOO_LARGE, "packet of " + (headerBytes + length) + " bytes");
        }
        if (available < headerBytes + length) {
            return false;
        }
        int body = start + headerBytes;
        bytes.readerIndex(body + length);
        loop.reader.start(bytes, body, body + length);
        connection.packet(first >> 4, first & 15);
        if (pace != null && first >> 4 == PacketType.PUBLISH) {
            long rest = pace.published(headerBytes + length, System.nanoTime());
            if (rest > 0) {
                loop.counters.pacedPublishers.increment();
                restFor(rest);
            }
        }
        return true;
    }

    private void dropKept() {
        ByteBuf bytes = kept;
        if (bytes != null) {
            kept = null;
            bytes.release();
        }
    }

    // --- stop and go

    void pause() {
        if (pauses++ == 0) {
            ctx().channel().config().setAutoRead(false);
        }
    }

    void resume() {
        if (pauses == 0) {
            throw new IllegalStateException("more resumes than pauses");
        }
        if (--pauses == 0) {
            lastPacketNanos = System.nanoTime(); // keep-alive did not run meanwhile
            ctx().channel().config().setAutoRead(true);
            if (kept != null && !parsing) {
                ctx().executor().execute(this::parse);
            }
        }
    }

    /** Reads nothing for that long. */
    void restFor(long nanos) {
        if (nanos > 0) {
            pause();
            after(nanos, this::resume);
        }
    }

    // --- clocks

    /** The client has its CONNACK: it is counted until the connection ends, and must be heard of from now on. */
    void accepted(int version, int keepAliveSeconds) {
        if (!ended) {
            countedAs = loop.counters.accepted(version, MqttCounters.Transport.of(ctx().pipeline()));
        }
        keepAlive(keepAliveSeconds);
    }

    /** [MQTT-3.1.2-24] [MQTT5-3.1.2-22] One and a half times the keep-alive without a packet ends the connection. */
    private void keepAlive(int seconds) {
        cancelClock();
        if (seconds > 0) {
            keepAliveNanos = TimeUnit.SECONDS.toNanos(seconds) * 3 / 2;
            lastPacketNanos = System.nanoTime();
            watch(keepAliveNanos, this::checkKeepAlive);
        }
    }

    private void watch(long nanos, Runnable action) {
        cancelClock();
        clock = schedule(nanos, action);
    }

    private void cancelClock() {
        ScheduledFuture<?> running = clock;
        if (running != null) {
            clock = null;
            running.cancel(false);
        }
    }

    private void checkKeepAlive() {
        if (connection.isClosed()) {
            return;
        }
        long left = pauses > 0 ? keepAliveNanos : lastPacketNanos + keepAliveNanos - System.nanoTime();
        if (left > 0) {
            watch(left, this::checkKeepAlive);
        } else {
            connection.close(ReasonCodes.KEEP_ALIVE_TIMEOUT, "no packet within one and a half times the keep-alive");
        }
    }

    /** Runs an action later on the event loop, unless the channel is closed by then. */
    void after(long nanos, Runnable action) {
        schedule(nanos, action);
    }

    private ScheduledFuture<?> schedule(long nanos, Runnable action) {
        return ctx().executor()
                .schedule(
                        () -> {
                            if (ctx().channel().isActive()) {
                                dispatch(action);
                            }
                        },
                        nanos,
                        TimeUnit.NANOSECONDS);
    }

    void later(Runnable action) {
        ctx().executor().execute(() -> dispatch(action));
    }

    private void dispatch(Runnable action) {
        ContextInternal previous = loop.context.beginDispatch();
        try {
            action.run();
        } catch (RuntimeException | AssertionError e) {
            connection.broken(e);
        } finally {
            loop.context.endDispatch(previous);
        }
    }

    // --- the channel's fate

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        dispatch(connection::writabilityChanged);
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        // The server's shutdown closes no connection by itself: their sessions do, with a reason.
        if (!(event instanceof ShutdownEvent)) {
            context.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        dispatch(() -> connection.failed(cause));
        context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        // What had arrived before the end counts, above all a DISCONNECT behind it.
        ended = true;
        if (kept != null && connection.isOpen()) {
            parse();
        }
        dispatch(() -> connection.finish(CloseCause.IO));
        cancelClock();
        loop.counters.left(countedAs);
        countedAs = MqttCounters.NOT_COUNTED;
        connection.outbox().discard();
        dropKept();
        context.fireChannelInactive();
    }

    /** Closes after what was written has gone out, or after a second. */
    void closeGently() {
        Channel channel = ctx().channel();
        if (!parsing) {
            dropKept();
        }
        channel.config()
                .setAutoRead(true); // read on and discard: a close with unread bytes would reset the last packet away
        connection.outbox().flushLast().addListener(done -> {
            if (done.isSuccess() && channel instanceof io.netty.channel.socket.DuplexChannel duplex && !isLayered()) {
                duplex.shutdownOutput();
            } else {
                ctx().close();
            }
        });
        after(TimeUnit.MILLISECONDS.toNanos(LINGER_MILLIS), () -> ctx().close());
    }

    private boolean isLayered() {
        return ctx().pipeline().get("ssl") != null || ctx().pipeline().get("webSocketHandler") != null;
    }

    void closeNow() {
        ctx().close();
    }
}
