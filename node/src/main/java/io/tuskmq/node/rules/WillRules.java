package io.tuskmq.node.rules;

import io.tuskmq.storage.Message;
import io.tuskmq.storage.Sessions.NewWill;
import io.tuskmq.storage.Sessions.WillAction;
import io.tuskmq.storage.Wills.DueWill;
import org.jspecify.annotations.Nullable;

/** What becomes of a will when its connection ends, and the message that it becomes. */
public final class WillRules {
    private WillRules() {}

    /**
     * @param action for the store, at the release of the session or on its own when no session is stored
     * @param publishNow append the will's message at once; that append consumes the will (I8)
     */
    public record AtEnd(WillAction action, boolean publishNow) {}

    private static final AtEnd NONE = new AtEnd(new WillAction.Nothing(), false);
    private static final AtEnd NOW = new AtEnd(new WillAction.Nothing(), true);
    private static final AtEnd DROPPED = new AtEnd(new WillAction.Drop(), false);

    /**
     * Only a normal end drops a will [MQTT-3.14.4-3] [MQTT5-3.14.4-3]; every other one publishes it: DISCONNECT 0x04, a failure of the
     * network, a silence beyond the keep alive, a protocol error, a takeover, a stop of the server [MQTT-3.1.2-8] [MQTT5-3.1.2-8].
     *
     * <p>Between an end that publishes now and that append the will lies armed in the store: should the node die, another one finds it.
     * A takeover treats a delayed will as any end does: the claim that follows deletes it if the session goes on
     * [MQTT5-3.1.3-9], and makes it due if the session was ended by a clean start.
     *
     * @param normal the client sent DISCONNECT with reason 0x00 (or any DISCONNECT of MQTT 3)
     * @param expirySeconds the session's expiry, as it counts now: a will is never later than the end of its session
     */
    public static AtEnd atEnd(boolean normal, @Nullable NewWill will, long expirySeconds) {
        if (will == null) {
            return NONE;
        }
        if (normal) {
            return DROPPED;
        }
        long delay = Math.min(will.delaySeconds(), expirySeconds);
        return delay == 0 ? NOW : new AtEnd(new WillAction.Schedule(delay), false);
    }

    /** The message to publish; its expiry runs from now on. */
    public static Message published(DueWill will, long nowMillis) {
        return published(will.message(), will.messageExpirySeconds(), nowMillis);
    }

    /** The message to publish; its expiry ({@code 0} = none) runs from now on. */
    public static Message published(Message will, long messageExpirySeconds, long nowMillis) {
        if (messageExpirySeconds == 0) {
            return will;
        }
        return new Message(
                will.topic(),
                will.payload(),
                will.qos(),
                will.retain(),
                will.properties(),
                nowMillis + messageExpirySeconds * 1_000,
                will.publisher());
    }
}
