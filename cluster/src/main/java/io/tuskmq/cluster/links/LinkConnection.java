package io.tuskmq.cluster.links;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.tuskmq.cluster.links.Frame.BadFrame;
import io.tuskmq.cluster.rules.KeepAlive;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection, from whichever end it was opened: frames, time limits, pings. Lives on its socket's event loop, but for its outbox. */
final class LinkConnection {
    private static final Logger LOG = LoggerFactory.getLogger(LinkConnection.class);

    /** How long what was told before a close in good order may take to leave. */
    private static final long FAREWELL_MILLIS = 500;

    /** How long a connection is not read at most. */
    private static final long HELD_MILLIS_MAX = 2_000;

    private static final long HELD_LOOK_MILLIS = 5;

    /** What the owner does with it. */
    interface End {
        void frame(Frame frame) throws BadFrame;

        /** Whether too much of what came waits: then nothing is read for a while. */
        boolean isBehind();

        /** Who sends paced frames need not wait any longer. */
        void relieved();

        /** It is closed; called once. */
        void closed(String why);
    }

    private final Vertx vertx;
    private final ChannelHandlerContext ctx;
    private final NetSocket socket;
    private final String remote;
    private final TcpLinks.Options options;
    private final End end;
    private final Outbox outbox;
    private final FrameReader reader = new FrameReader(Handshake.FRAME_BYTES_MAX);
    private final KeepAlive keepAlive;
    private long timer;
    private long heldAtMillis;
    private boolean held;
    /** It was not read for as long as that may be, and what came still waits. */
    private boolean heldEnough;

    private String why = "the peer closed it";
    private boolean closed;

    LinkConnection(Vertx vertx, NetSocket socket, TcpLinks.Options options, End end) {
        this.vertx = vertx;
        this.options = options;
        this.end = end;
        ctx = ((NetSocketInternal) socket).channelHandlerContext();
        remote = socket.remoteAddress().hostAddress();
        outbox = new Outbox(ctx, options.limits(), end::relieved);
        this.socket = socket;
        TcpLinks.Timing timing = options.timing();
        keepAlive = new KeepAlive(timing.pingMillis(), timing.idleMillis(), nowMillis());
        timer = vertx.setTimer(timing.handshakeMillis(), fired -> cut("the handshake took too long"));
        socket.handler(this::read);
        socket.exceptionHandler(failure -> why = String.valueOf(failure.getMessage()));
        socket.closeHandler(gone -> closed());
    }

    static long nowMillis() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }

    /** Where frames are put in, from any thread. */
    Outbox outbox() {
        return outbox;
    }

    /** The address of the other end, without its port. */
    String remote() {
        return remote;
    }

    boolean isClosed() {
        return closed;
    }

    /** The other end has proved who it is. */
    void authenticated() {
        vertx.cancelTimer(timer);
        reader.frameBytesMax(options.limits().frameBytesMax());
        timer = vertx.setPeriodic(options.timing().pingMillis(), fired -> tick());
    }

    private void tick() {
        long now = nowMillis();
        if (held) {
            keepAlive.heard(now); // what came was not read
        }
        outbox.tick(now);
        if (keepAlive.isSilent(now)) {
            cut("nothing came for " + options.timing().idleMillis() + " ms");
        } else if (outbox.isEmpty()) {
            outbox.add(Frame.PING);
        }
    }

    private void read(Buffer bytes) {
        if (closed) {
            return;
        }
        keepAlive.heard(nowMillis());
        try {
            reader.read(bytes, frame -> {
                if (frame.kind() != Frame.Kind.PING) {
                    end.frame(frame);
                }
                return !closed;
            });
            holdIfBehind();
        } catch (BadFrame e) {
            cut(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            // A frame that was not handled must not be followed by others as if it had been.
            LOG.error("link broken by a fault remote={}", remote, e);
            cut("a fault of ours");
        }
    }

    /** Not read while this node is behind, so that the peer's senders wait; but others than those it is behind with use it too. */
    private void holdIfBehind() {
        boolean behind = end.isBehind();
        heldEnough &= behind;
        if (!behind || heldEnough || held || closed) {
            return;
        }
        held = true;
        heldAtMillis = nowMillis();
        socket.pause();
        vertx.setPeriodic(HELD_LOOK_MILLIS, this::lookWhileHeld);
    }

    private void lookWhileHeld(long looks) {
        boolean behind = end.isBehind();
        if (closed || !behind || nowMillis() - heldAtMillis >= HELD_MILLIS_MAX) {
            vertx.cancelTimer(looks);
            held = false;
            heldEnough = behind;
            if (!closed) {
                keepAlive.heard(nowMillis());
                socket.resume();
            }
        }
    }

    /** Ends it at once, whatever waits. */
    @SuppressWarnings("FutureReturnValueIgnored") // the close is heard
    void cut(String because) {
        if (closed) {
            return;
        }
        why = because;
        // Not through the pipeline: TLS and Vert.x would first wait for a dead peer to take what was written.
        ChannelPipeline pipeline = ctx.pipeline();
        ChannelHandlerContext first = pipeline.firstContext();
        (first == null ? ctx : first).close();
        closed();
    }

    /** Sends what was put in before, and ends it. */
    @SuppressWarnings("FutureReturnValueIgnored") // the close is heard
    void end(String because) {
        if (closed) {
            return;
        }
        why = because;
        outbox.drain();
        vertx.setTimer(FAREWELL_MILLIS, fired -> cut(because));
        ctx.writeAndFlush(io.netty.buffer.Unpooled.EMPTY_BUFFER).addListener(written -> cut(because));
    }

    private void closed() {
        if (closed) {
            return;
        }
        closed = true;
        vertx.cancelTimer(timer);
        outbox.close();
        end.closed(why);
    }
}
