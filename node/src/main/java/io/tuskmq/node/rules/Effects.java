package io.tuskmq.node.rules;

import io.tuskmq.node.rules.Effect.Dropped.Reason;
import java.util.ArrayList;
import java.util.List;

/** Gathers the effects of one event. */
final class Effects {
    private List<Effect> list = List.of();
    private boolean ended;

    /** Adds an effect; after a Disconnect nothing more is done. */
    void add(Effect effect) {
        if (ended) {
            return;
        }
        if (list.isEmpty()) {
            list = new ArrayList<>(4);
        }
        list.add(effect);
    }

    void dropped(int messages, Reason reason) {
        add(new Effect.Dropped(messages, reason));
    }

    void disconnect(int reason, String why) {
        add(new Effect.Disconnect(reason, why));
        ended = true;
    }

    /** Whether the connection was given up: the session does nothing more. */
    boolean ended() {
        return ended;
    }

    /** What was gathered: a list of its own, so that an effect carried out may lead to the next event at once. */
    List<Effect> take() {
        List<Effect> taken = list;
        list = List.of();
        return taken;
    }
}
