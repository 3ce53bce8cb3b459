package io.tuskmq.load.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;

/** Between frames of WebSocket and the bytes of MQTT, whose packets need not begin where frames do [MQTT-6.0.0-2]. */
final class WebSocketBytes extends ChannelDuplexHandler {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        switch (message) {
            case BinaryWebSocketFrame frame -> context.fireChannelRead(frame.content());
            case ContinuationWebSocketFrame frame -> context.fireChannelRead(frame.content());
            case WebSocketFrame frame -> {
                frame.release();
                throw new DecoderException("a WebSocket frame that is not binary");
            }
            default -> ReferenceCountUtil.release(message); // the answer to the handshake
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        // A void promise does not go through the WebSocket handlers.
        var _ = context.write(
                message instanceof ByteBuf bytes ? new BinaryWebSocketFrame(bytes) : message, promise.unvoid());
    }
}
