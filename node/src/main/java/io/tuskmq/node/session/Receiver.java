package io.tuskmq.node.session;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.Session;
import io.tuskmq.node.rules.Subscription;
import io.tuskmq.storage.rules.LaneVector;
import java.util.ArrayList;
import java.util.List;

/** Whoever messages are routed to: a session, or a group of a shared subscription. Lives on one shard. */
abstract class Receiver {
    // Scratch of the delivery of one message that matched several routes of this receiver.
    private long delivery;
    private boolean logged;
    private List<Subscription> matching = List.of();

    abstract void on(Event event);

    abstract void tick(Event tick);

    /** Lets an idle stored session's cursor follow the lanes: all forwards up to there were handled on this shard. */
    final void raiseWatermark(Shard shard, Session session) {
        if (session.isStored()) {
            shard.saw(session.isLive());
            LaneVector cursor = session.cursor();
            for (int lane = 1; lane <= shard.watermark().lanes(); lane++) {
                long head = shard.watermark().get(lane);
                if (head > cursor.get(lane)) {
                    on(new Event.LaneComplete(lane, head));
                }
            }
        }
    }

    /** Notes one more match in the delivery with this number. Returns true for the first one. */
    final boolean matched(long deliveryNumber, Subscription subscription) {
        boolean first = delivery != deliveryNumber;
        if (first) {
            delivery = deliveryNumber;
            matching = new ArrayList<>(2);
            logged = false;
        }
        matching.add(subscription);
        logged |= subscription.logged();
        return first;
    }

    /** Whether one of the matches reads the log. */
    final boolean isLogged() {
        return logged;
    }

    final List<Subscription> matching() {
        return matching;
    }
}
