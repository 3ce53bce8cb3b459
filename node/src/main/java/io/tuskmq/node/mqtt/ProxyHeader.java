package io.tuskmq.node.mqtt;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol.AddressFamily;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol.TransportProtocol;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for the PROXY protocol's header (version 1 or 2) at the start of a proxy's connection, and says whose connection it is. Nothing
 * passes before it; a connection without a good one in time is closed. Lives on the channel's event loop, until the header is there.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a close that fails ends the channel, and that is heard
final class ProxyHeader extends ChannelInboundHandlerAdapter {
    static final String NAME = "proxyHeader";

    private static final Logger LOG = LoggerFactory.getLogger(ProxyHeader.class);

    /** Of what version 2 may add to the addresses; version 1 has 107 bytes at most. */
    static final int ADDED_BYTES_MAX = 2_048;

    /** Proxies send it at once. */
    static final int MILLIS_MAX = 5_000;

    private final SocketAddress proxy;
    private final int millisMax;
    private final Consumer<SocketAddress> arrived;
    private final Consumer<String> refused;
    private @Nullable ScheduledFuture<?> deadline;
    private boolean done;

    /**
     * @param proxy its own address, which counts for its health checks
     * @param arrived told the client's address, once
     * @param refused told why there is none; the connection is closed after it
     */
    ProxyHeader(SocketAddress proxy, int millisMax, Consumer<SocketAddress> arrived, Consumer<String> refused) {
        this.proxy = proxy;
        this.millisMax = Math.min(MILLIS_MAX, millisMax);
        this.arrived = arrived;
        this.refused = refused;
    }

    /** Puts it before everything else. */
    void addTo(ChannelPipeline pipeline) {
        pipeline.addFirst(NAME, this);
        pipeline.addFirst("proxyDecoder", new HAProxyMessageDecoder(ADDED_BYTES_MAX));
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        deadline = context.executor()
                .schedule(() -> refuse(context, "no PROXY header in time"), millisMax, TimeUnit.MILLISECONDS);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        cancel();
    }

    private void cancel() {
        ScheduledFuture<?> running = deadline;
        if (running != null) {
            deadline = null;
            running.cancel(false);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!(message instanceof HAProxyMessage header)) {
            ReferenceCountUtil.release(message); // behind a header that was refused
            return;
        }
        try {
            String fault = fault(header);
            if (fault.isEmpty()) {
                done = true;
                take(context, header);
                if (context.channel().isActive()) { // else it was refused: what follows ends here
                    context.pipeline().remove(this);
                }
            } else {
                refuse(context, fault);
            }
        } finally {
            header.release();
        }
    }

    private void take(ChannelHandlerContext context, HAProxyMessage header) {
        try {
            arrived.accept(client(header));
        } catch (RuntimeException fault) {
            LOG.error("a connection of a proxy could not be taken in", fault);
            context.close(); // nothing else would: no deadline is left
        }
    }

    private static String fault(HAProxyMessage header) {
        return header.proxiedProtocol().transportProtocol() == TransportProtocol.DGRAM
                ? "PROXY header of datagrams"
                : "";
    }

    /** LOCAL is the proxy itself, which looks whether we are there; UNKNOWN and sockets of UNIX name no address either. */
    private SocketAddress client(HAProxyMessage header) {
        AddressFamily family = header.proxiedProtocol().addressFamily();
        boolean named = header.command() == HAProxyCommand.PROXY
                && (family == AddressFamily.AF_IPv4 || family == AddressFamily.AF_IPv6);
        String address = header.sourceAddress();
        return named && address != null ? SocketAddress.inetSocketAddress(header.sourcePort(), address) : proxy;
    }

    private void refuse(ChannelHandlerContext context, String why) {
        if (!done) {
            done = true;
            cancel();
            refused.accept(why);
            context.close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof IOException) {
            context.close(); // a proxy that only looks whether the port is open
        } else {
            refuse(context, "bad PROXY header");
        }
    }
}
