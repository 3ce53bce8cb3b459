package io.tuskmq.cluster.links;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.tuskmq.cluster.rules.LinkLag;
import io.tuskmq.cluster.rules.Pace;
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
    /** What of it is paced: counted on its own, so that neither takes the other's room. */
    private final Pace pace;

    private final LinkLag lag = new LinkLag();
    private final Runnable relieved;
    private final Queue<Frame> frames = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean drainWanted = new AtomicBoolean();
    private volatile boolean closed;

    /** @param relieved called when those who send paced frames need not wait any longer */
    Outbox(ChannelHandlerContext ctx, TcpLinks.Limits limits, Runnable relieved) {
        this.ctx = ctx;
        this.relieved = relieved;
        waiting = new WaitingBytes(limits.waitingBytesMax());
        pace = new Pace(limits.pace());
    }

    /** Puts the frame in unless too much waits. */
    boolean offer(Frame frame) {
        int bytes = frame.bytes();
        if (closed || !(frame.paced() ? pace.offer(bytes) : waiting.offer(bytes))) {
            return false;
        }
        return put(frame);
    }

    /** Whether senders of paced frames should wait. */
    boolean holds() {
        return pace.holds() && !closed;
    }

    /** Now and then: a peer that takes nothing is not waited for any longer. */
    void tick(long nowMillis) {
        lag.tick(waitingBytes(), nowMillis);
        if (pace.tick(nowMillis)) {
            relieved.run();
        }
    }

    /** What the socket has not taken yet; from any thread. */
    long waitingBytes() {
        return waiting.bytes() + pace.bytes();
    }

    /** For how long such bytes wait; from any thread. */
    long lagMillis() {
        return lag.millis();
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
        return waitingBytes() == 0;
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
        int paced = 0;
        int turnBytes = 0;
        Frame frame;
        while (turnBytes < TURN_BYTES && (frame = frames.poll()) != null) {
            int bytes = frame.bytes();
            if (batch != null && batch.readableBytes() + bytes > BATCH_BYTES) {
                write(batch, paced);
                batch = null;
                paced = 0;
            }
            if (batch == null) {
                batch = ctx.alloc().directBuffer(Math.max(bytes, batchBytes()));
            }
            frame.writeTo(batch);
            paced += frame.paced() ? bytes : 0;
            turnBytes += bytes;
        }
        if (batch != null) {
            write(batch, paced);
            ctx.flush();
        }
        if (turnBytes >= TURN_BYTES && drainWanted.compareAndSet(false, true)) {
            drainSoon();
        }
    }

    /** One ping does not need a large buffer. */
    private int batchBytes() {
        return Math.clamp(waitingBytes(), 64, BATCH_BYTES);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a write that fails ends the channel, and that is heard
    private void write(ByteBuf batch, int paced) {
        int others = batch.readableBytes() - paced;
        ctx.write(batch).addListener(written -> {
            lag.taken(others + (long) paced, LinkConnection.nowMillis());
            waiting.taken(others);
            if (paced > 0 && pace.taken(paced) && !closed) {
                relieved.run();
            }
        });
    }
}
