package io.tuskmq.node.session;

import io.tuskmq.node.rules.Event;
import io.tuskmq.storage.Message;
import java.util.ArrayList;
import java.util.List;

/**
 * One message for one shard: finds the receivers behind the matched routes and hands each of them the message once.
 *
 * <p>A QoS 1 or 2 message comes to a shard at most twice: DIRECT when it was published, for receivers none of whose matching
 * subscriptions reads the log; LOGGED when it was committed, for the others. So each receiver gets it once, with all it matched.
 */
final class Delivery implements Runnable {
    /** Which receivers it is for. */
    enum To {
        ALL,
        DIRECT,
        LOGGED
    }

    private final Shard shard;
    private final To to;
    private final long logId;
    private final Message message;
    private final Route[] routes;

    /** @param logId 0 unless {@code to} is LOGGED */
    Delivery(Shard shard, To to, long logId, Message message, Route[] routes) {
        this.shard = shard;
        this.to = to;
        this.logId = logId;
        this.message = message;
        this.routes = routes;
    }

    @Override
    public void run() {
        long now = shard.nowMillis();
        if (routes.length == 1) {
            for (Route.Subscriber subscriber : routes[0].subscribers(shard)) {
                if (isFor(subscriber.subscription().logged())) {
                    subscriber.receiver().on(new Event.Arrived(logId, message, subscriber.alone(), now));
                }
            }
        } else {
            for (Receiver receiver : collect()) {
                if (isFor(receiver.isLogged())) {
                    receiver.on(new Event.Arrived(logId, message, receiver.matching(), now));
                }
            }
        }
    }

    private List<Receiver> collect() {
        long number = shard.nextDelivery();
        List<Receiver> receivers = new ArrayList<>();
        for (Route route : routes) {
            for (Route.Subscriber subscriber : route.subscribers(shard)) {
                if (subscriber.receiver().matched(number, subscriber.subscription())) {
                    receivers.add(subscriber.receiver());
                }
            }
        }
        return receivers;
    }

    private boolean isFor(boolean logged) {
        return switch (to) {
            case ALL -> true;
            case DIRECT -> !logged;
            case LOGGED -> logged;
        };
    }
}
