package io.tuskmq.node.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tuskmq.storage.Message;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What all receivers of a message share of its encoding: the topic's bytes, and outside the heap one copy of a large payload.
 *
 * <p>Small packets are put together by copying into the receiver's out-buffer: one buffer and one system call for all that a connection
 * gets in a turn of its event loop, which costs less than handing shared slices through the channel one by one. Nothing here is
 * counted: the garbage collector frees the shared copy together with the message.
 */
final class WireForms {
    /** Payloads from this size on are not copied into out-buffers. */
    static final int LARGE_BYTES = 4_096;

    private final byte[] topic;
    private final byte[] payload;
    private volatile @Nullable ByteBuffer shared;
    private boolean used;

    private WireForms(Message message) {
        topic = message.topic().getBytes(StandardCharsets.UTF_8);
        payload = message.payload();
    }

    /** May be made twice by two event loops at once: both are right. */
    static WireForms of(Message message) {
        if (message.wireForms() instanceof WireForms forms) {
            return forms;
        }
        WireForms forms = new WireForms(message);
        message.wireForms(forms);
        return forms;
    }

    byte[] topic() {
        return topic;
    }

    /** A view of a large payload for one receiver; the second receiver makes the copy that later ones share. */
    ByteBuf largePayload() {
        if (!used) {
            used = true;
            return Unpooled.wrappedBuffer(payload);
        }
        ByteBuffer direct = shared;
        if (direct == null) {
            direct = ByteBuffer.allocateDirect(payload.length).put(payload).flip();
            shared = direct;
        }
        return Unpooled.wrappedBuffer(direct.duplicate());
    }
}
