package io.tuskmq.node.rules;

import io.tuskmq.storage.Message;

/** What one client may do, now: it may change while it is connected. Asked on the connection's event loop. */
public interface Rights {
    /** Of a client that may do everything. */
    Rights ALL = new Rights() {
        @Override
        public boolean mayPublish(Message message) {
            return true;
        }

        @Override
        public boolean mayReceive(String topic, int qos) {
            return true;
        }

        @Override
        public boolean maySubscribe(Subscription subscription) {
            return true;
        }
    };

    /** Also a will. A refusal is noted where such things are noted. */
    boolean mayPublish(Message message);

    /** A message of this topic by a subscription with this maximum QoS. */
    boolean mayReceive(String topic, int qos);

    boolean maySubscribe(Subscription subscription);

    /** Whether the client has proved who it is. */
    default boolean areProved() {
        return false;
    }

    /** Whether a client that publishes what it may not is disconnected. */
    default boolean deniedPublishEnds() {
        return false;
    }
}
