package io.tuskmq.node.rules;

import io.tuskmq.storage.Sessions.SessionState;
import io.tuskmq.storage.Sessions.StoredSubscription;
import io.tuskmq.storage.rules.LaneVector;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a session begins a connection with: what the store kept of it, and what the client said in its CONNECT.
 *
 * @param retainedPending subscriptions whose retained messages were not all handed over, with the topic after which to go on
 * @param publisherId what {@link io.tuskmq.storage.Message#publisher} is for this session's own messages
 * @param client what this connection's client can do
 */
public record SessionStart(
        LaneVector cursor,
        byte[] inflight,
        List<Subscription> subscriptions,
        Map<Subscription, String> retainedPending,
        List<Integer> receipts,
        boolean sessionPresent,
        long publisherId,
        Client client) {

    /**
     * The client's side of the connection.
     *
     * @param version protocol level: 3, 4 or 5
     * @param receiveMax unacknowledged QoS 1 and 2 messages it takes (65,535 when it didn't say)
     * @param maximumPacketSize bytes; 0 = no limit
     * @param rights what it may have
     */
    public record Client(int version, int receiveMax, long maximumPacketSize, Rights rights) {
        /** One that may have everything. */
        public Client(int version, int receiveMax, long maximumPacketSize) {
            this(version, receiveMax, maximumPacketSize, Rights.ALL);
        }

        public boolean isV5() {
            return version == 5;
        }
    }

    /** From the session as it was claimed. Of its subscriptions, those that the client may not have now rest: nothing comes by them. */
    public static SessionStart of(SessionState state, boolean sessionPresent, long publisherId, Client client) {
        List<Subscription> subscriptions = new ArrayList<>(state.subscriptions().size());
        Map<Subscription, String> pending = new LinkedHashMap<>();
        for (StoredSubscription stored : state.subscriptions()) {
            Subscription subscription = subscription(stored);
            if (!client.rights().maySubscribe(subscription)) {
                continue;
            }
            subscriptions.add(subscription);
            String after = stored.retainedAfter();
            if (after != null && subscription.logged()) {
                pending.put(subscription, after);
            }
        }
        return new SessionStart(
                state.cursor(),
                state.inflight(),
                subscriptions,
                pending.isEmpty() ? Map.of() : pending, // kept for as long as the connection
                state.receipts(),
                sessionPresent,
                publisherId,
                client);
    }

    /** A session that starts with nothing. */
    public static SessionStart empty(long publisherId, Client client) {
        return new SessionStart(
                new LaneVector(), new byte[0], List.of(), Map.of(), List.of(), false, publisherId, client);
    }

    /** A stored subscription as the rules see it. */
    public static Subscription subscription(StoredSubscription s) {
        return new Subscription(
                s.filter(),
                s.share(),
                s.qos(),
                s.noLocal(),
                s.retainAsPublished(),
                s.retainHandling(),
                s.subscriptionId(),
                s.filterId(),
                s.start());
    }
}
