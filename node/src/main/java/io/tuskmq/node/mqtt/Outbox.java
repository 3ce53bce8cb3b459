package io.tuskmq.node.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import org.jspecify.annotations.Nullable;

/** Packets on their way to one client: gathered into one buffer per turn of the event loop. Lives on its connection's event loop. */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails ends the channel, and that is heard
final class Outbox {
    private static final int FIRST_BYTES = 512;
    private static final int HAND_OVER_BYTES = 32 << 10;
    private static final int FLUSH_BYTES = 24 << 10;

    private final ChannelHandlerContext ctx;
    private final ShardLoop loop;
    private @Nullable ByteBuf gathering;
    private boolean flushWanted;
    private int unflushedBytes;

    Outbox(ChannelHandlerContext ctx, ShardLoop loop) {
        this.ctx = ctx;
        this.loop = loop;
    }

    /** Where to write the next packet of at most that many bytes. It will be flushed at the end of the turn. */
    ByteBuf room(int bytes) {
        ByteBuf buffer = gathering;
        if (buffer != null && buffer.readableBytes() + bytes > HAND_OVER_BYTES) {
            handOver();
            flushIfMuch();
            buffer = null;
        }
        if (buffer == null) {
            buffer = ctx.alloc().directBuffer(Math.max(bytes, FIRST_BYTES));
            gathering = buffer;
        }
        if (!flushWanted) {
            flushWanted = true;
            loop.flushSoon(this);
        }
        return buffer;
    }

    /** Bytes that follow those in {@link #room} without being copied; released when sent. */
    void append(ByteBuf bytes) {
        handOver();
        unflushedBytes += bytes.readableBytes();
        ctx.write(bytes, ctx.voidPromise());
        flushIfMuch();
    }

    private void handOver() {
        ByteBuf buffer = gathering;
        if (buffer != null) {
            gathering = null;
            unflushedBytes += buffer.readableBytes();
            ctx.write(buffer, ctx.voidPromise());
        }
    }

    /** So that the channel is unwritable only when the socket really takes no more. */
    private void flushIfMuch() {
        if (unflushedBytes >= FLUSH_BYTES) {
            unflushedBytes = 0;
            ctx.flush();
        }
    }

    void flush() {
        flushWanted = false;
        handOver();
        unflushedBytes = 0;
        ctx.flush();
    }

    /** Sends what is there; the future completes when the socket has taken it, or failed. */
    ChannelFuture flushLast() {
        ByteBuf buffer = gathering;
        gathering = null;
        return ctx.writeAndFlush(buffer == null ? io.netty.buffer.Unpooled.EMPTY_BUFFER : buffer);
    }

    /** The channel is gone. */
    void discard() {
        ByteBuf buffer = gathering;
        if (buffer != null) {
            gathering = null;
            buffer.release();
        }
    }

    boolean isWritable() {
        return ctx.channel().isWritable() && gatheredBytes() < loop.limits.writeHighBytes();
    }

    boolean isChannelWritable() {
        return ctx.channel().isWritable();
    }

    /** Bytes not yet taken by the socket. */
    long queuedBytes() {
        ChannelOutboundBuffer queue = ctx.channel().unsafe().outboundBuffer();
        return gatheredBytes() + (queue == null ? 0 : queue.totalPendingWriteBytes());
    }

    private int gatheredBytes() {
        ByteBuf buffer = gathering;
        return buffer == null ? 0 : buffer.readableBytes();
    }
}
