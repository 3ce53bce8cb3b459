package io.tuskmq.cluster.links;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.tuskmq.cluster.rules.WaitingBytes;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Frames on their way to one peer. All threads put frames in; the connection's event loop gathers what came in one turn into few buffers and one
 * system call.
 */
final class Outbox {
    /** Frames are gathered into buffers of this size; a larger frame has one of its own. */
    private static final int BATCH_BYTES = 64 << 10;

    /** After that much the event loop does something else first. */
    private static final int TURN_BYTES = 1 << 20;

    private final ChannelHandlerContext ctx;
    private final WaitingBytes waiting;
    private final Queue<Frame> frames = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean drainWanted = new AtomicBoolean();
    private volatile boolean closed;

    Outbox(ChannelHandlerContext ctx, long waitingBytesMax) {
        this.ctx = ctx;
        waiting = new WaitingBytes(waitingBytesMax);
    }

    /** Puts the frame in unless too much waits. */
    boolean offer(Frame frame) {
        if (closed || !waiting.offer(frame.bytes())) {
            return false;
        }
        return put(frame);
    }

    /** Puts the frame in however much waits. */
    boolean add(Frame frame) {
        if (closed) {
            return false;
        }
        waiting.add(frame.bytes());
        return put(frame);
    }

    /** Whether all that was put in has been taken by the socket. */
    boolean isEmpty() {
        return waiting.bytes() == 0;
    }

    /** Nothing is sent any more. */
    void close() {
        closed = true;
        frames.clear();
    }

    private boolean put(Frame frame) {
        frames.add(frame);
        return !drainWanted.compareAndSet(false, true) || drainSoon();
    }

    private boolean drainSoon() {
        try {
            ctx.executor().execute(this::drain);
            return true;
        } catch (RejectedExecutionException e) {
            // The event loop has ended, and with it the connection.
            closed = true;
            return false;
        }
    }

    /** Writes what is there. On the event loop. */
    void drain() {
        // First of all: a frame that is put in from here on asks for another turn.
        drainWanted.set(false);
        ByteBuf batch = null;
        int turnBytes = 0;
        Frame frame;
        while (turnBytes < TURN_BYTES && (frame = frames.poll()) != null) {
            int bytes = frame.bytes();
            if (batch != null && batch.readableBytes() + bytes > BATCH_BYTES) {
                write(batch);
                batch = null;
            }
            if (batch == null) {
                batch = ctx.alloc().directBuffer(Math.max(bytes, batchBytes()));
            }
            frame.writeTo(batch);
            turnBytes += bytes;
        }
        if (batch != null) {
            write(batch);
            ctx.flush();
        }
        if (turnBytes >= TURN_BYTES && drainWanted.compareAndSet(false, true)) {
            drainSoon();
        }
    }

    /** One ping does not need a large buffer. */
    private int batchBytes() {
        return Math.clamp(waiting.bytes(), 64, BATCH_BYTES);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a write that fails ends the channel, and that is heard
    private void write(ByteBuf batch) {
        int bytes = batch.readableBytes();
        ctx.write(batch).addListener(written -> waiting.taken(bytes));
    }
}
