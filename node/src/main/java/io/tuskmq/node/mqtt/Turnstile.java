package io.tuskmq.node.mqtt;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;

/**
 * Lets nothing of a connection pass to TLS and MQTT until its turn has come. That nothing is read meanwhile is not enough: behind a PROXY header the
 * client's first bytes may have come with it, and TLS reads on by itself while its handshake isn't done. Lives on the channel's event
 * loop, until the turn; it holds what was read in one go with the header, and nothing more is read.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a timer of a channel that has closed finds nothing to do
final class Turnstile extends ChannelDuplexHandler {
    static final String NAME = "turnstile";

    private final long afterNanos;
    private final Queue<Object> held = new ArrayDeque<>(1);
    private boolean open;

    Turnstile(long afterNanos) {
        this.afterNanos = afterNanos;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        context.executor().schedule(() -> open(context), afterNanos, TimeUnit.NANOSECONDS);
    }

    private void open(ChannelHandlerContext context) {
        if (context.isRemoved()) {
            return;
        }
        open = true;
        boolean any = !held.isEmpty();
        for (Object bytes = held.poll(); bytes != null; bytes = held.poll()) {
            context.fireChannelRead(bytes);
        }
        if (any) {
            context.fireChannelReadComplete();
        }
        context.pipeline().remove(this);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object bytes) {
        if (open) {
            context.fireChannelRead(bytes);
        } else {
            held.add(bytes);
        }
    }

    /** TLS would ask for more. */
    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (open) {
            context.fireChannelReadComplete();
        }
    }

    @Override
    public void read(ChannelHandlerContext context) {
        if (open) {
            context.read();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        for (Object bytes = held.poll(); bytes != null; bytes = held.poll()) {
            ReferenceCountUtil.release(bytes);
        }
    }
}
