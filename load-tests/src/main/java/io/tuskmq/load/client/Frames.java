package io.tuskmq.load.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler.ClientHandshakeStateEvent;
import io.netty.handler.ssl.NotSslRecordException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Cuts what arrives into packets for one connection of a client; copies only what is cut off at a read's end. */
final class Frames extends ChannelInboundHandlerAdapter {
    private final Client client;
    private final boolean waitsForWebSocket;
    private @Nullable ByteBuf rest;

    Frames(Client client, boolean waitsForWebSocket) {
        this.client = client;
        this.waitsForWebSocket = waitsForWebSocket;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (!waitsForWebSocket) {
            client.opened(context.channel());
        }
        context.fireChannelActive();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
            client.opened(context.channel());
        } else if (event == ClientHandshakeStateEvent.HANDSHAKE_TIMEOUT) {
            client.fails(context.channel(), new IOException("no answer to the WebSocket handshake"));
        }
        context.fireUserEventTriggered(event);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        ByteBuf before = rest;
        if (before != null) {
            rest = null;
            before.writeBytes(in);
            in.release();
            in = before;
        }
        boolean isKept = false;
        try {
            client.reads();
            while (cut(in)) {
                // all is done by the condition
            }
            if (in.isReadable()) {
                if (before != null) {
                    rest = in.discardReadBytes();
                    isKept = true;
                } else {
                    rest = context.alloc()
                            .buffer(Math.max(256, in.readableBytes() * 2))
                            .writeBytes(in);
                }
            }
        } finally {
            if (!isKept) {
                in.release();
            }
        }
    }

    /** Handles one packet if all of it is here. */
    private boolean cut(ByteBuf in) {
        int start = in.readerIndex();
        int length = 0;
        int at = start + 1;
        for (int shift = 0; ; shift += 7) {
            if (at >= in.writerIndex()) {
                return false;
            }
            if (shift > 21) {
                throw new DecoderException("a remaining length of more than four bytes");
            }
            int digit = in.getUnsignedByte(at++);
            length |= (digit & 0x7F) << shift;
            if (digit < 0x80) {
                break;
            }
        }
        int end = at + length;
        if (end > in.writerIndex()) {
            return false;
        }
        in.readerIndex(at);
        client.packet(in.getUnsignedByte(start), in, end);
        in.readerIndex(end);
        return true;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        client.readsNoMore();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        client.writability(context.channel().isWritable());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        client.fails(context.channel(), plain(cause));
    }

    /** TLS's reasons come wrapped and in the words of the JDK. */
    private static Throwable plain(Throwable cause) {
        boolean isTls = false;
        boolean isCertificate = false;
        Throwable root = cause;
        for (Throwable at = cause; at != null; at = at.getCause()) {
            if (at instanceof NotSslRecordException) {
                return new IOException("the other side speaks no TLS", cause);
            }
            isTls |= at instanceof SSLException;
            isCertificate |= at instanceof GeneralSecurityException;
            root = at;
        }
        if (!isTls) {
            return cause;
        }
        String what = isCertificate ? "the certificate is not trusted: " : "TLS failed: ";
        return new IOException(what + root.getMessage(), cause);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        client.closed(context.channel());
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        if (rest != null) {
            rest.release();
            rest = null;
        }
    }
}
