package io.tuskmq.load.client;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The messages that a client has sent and that are not acknowledged in full, by packet id; ids are used again in turn. */
final class Window {
    static final int MESSAGES_MAX = 65_534;

    private final @Nullable Outgoing[] byId;
    private final int[] free;
    private int freeAt;
    private int used;
    private long order;

    Window(int messagesMax) {
        byId = new Outgoing[messagesMax + 1];
        free = new int[messagesMax];
        for (int i = 0; i < messagesMax; i++) {
            free[i] = i + 1;
        }
    }

    int used() {
        return used;
    }

    int messagesMax() {
        return free.length;
    }

    /** Gives the message a packet id. There must be one. */
    void take(Outgoing message) {
        int id = free[freeAt];
        freeAt = (freeAt + 1) % free.length;
        used++;
        byId[id] = message;
        message.packetId = id;
        message.order = order++;
    }

    @Nullable
    Outgoing get(int packetId) {
        return packetId < byId.length ? byId[packetId] : null;
    }

    void release(Outgoing message) {
        byId[message.packetId] = null;
        used--;
        free[(freeAt + free.length - used - 1) % free.length] = message.packetId;
    }

    /** What is on its way, in the order of sending. */
    List<Outgoing> inOrder() {
        List<Outgoing> messages = new ArrayList<>(used);
        for (Outgoing message : byId) {
            if (message != null) {
                messages.add(message);
            }
        }
        messages.sort(Comparator.comparingLong(message -> message.order));
        return messages;
    }
}
