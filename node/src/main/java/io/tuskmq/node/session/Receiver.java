package io.tuskmq.node.session;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.Subscription;
import java.util.ArrayList;
import java.util.List;

/** Whoever messages are routed to: a session, or a group of a shared subscription. Lives on one shard. */
abstract class Receiver {
    // Scratch of the delivery of one message that matched several routes of this receiver.
    private long delivery;
    private boolean logged;
    private List<Subscription> matching = List.of();

    abstract void on(Event event);

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
