package io.tuskmq.node.rules;

import io.tuskmq.storage.LogReader;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.rules.LaneVector;
import java.util.List;
import java.util.Optional;

/** All that can happen to a session with a connection. Packets were checked for form before they become events. */
public sealed interface Event {
    /** The CONNACK went out: resend what is in flight, then go on. */
    record Started(long nowMillis) implements Event {}

    // --- from the client

    /** A PUBLISH; packet id 0 for QoS 0. */
    record PublishReceived(int packetId, Message message) implements Event {}

    record PubAckReceived(int packetId, int reason) implements Event {}

    record PubRecReceived(int packetId, int reason) implements Event {}

    record PubRelReceived(int packetId) implements Event {}

    record PubCompReceived(int packetId, int reason) implements Event {}

    /** {@code refused[i]} is 0 or the reason code for filter i, decided at the edge (invalid, not authorised, not supported). */
    record SubscribeReceived(int packetId, List<Subscription> subscriptions, List<Integer> refused) implements Event {}

    record UnsubscribeReceived(int packetId, List<Subscription> keys) implements Event {}

    // --- from the broker

    /**
     * A message for this session. {@code logId} 0: directly, it is lost if it can't be kept here; else it is that row of the log.
     *
     * <p>A QoS 1 or 2 message that matches a logged subscription comes only as a row of the log, after its commit.
     *
     * @param matching all subscriptions of this session that it matched; none: a row of the session's private queue (a retained message
     *     for a new subscription, whose identifier is among the message's properties)
     */
    record Arrived(long logId, Message message, List<Subscription> matching, long nowMillis) implements Event {}

    /**
     * The group of a shared subscription deals this session a message. It stays the group's until {@link Effect.DealSettled} or {@link
     * Effect.DealTaken}.
     *
     * @param logId where it lies in the log, 0 if it doesn't; {@code filterId} likewise
     */
    record Dealt(Deal deal, long logId, long filterId, Message message, Subscription subscription, long nowMillis)
            implements Event {}

    /** To a group's session: a member has durably taken over the QoS 2 message that the group has in flight under this packet id. */
    record Taken(int packetId) implements Event {}

    /** This shard has handled every forward of the lane up to {@code head}. */
    record LaneComplete(int lane, long head) implements Event {}

    /** Forwards were lost: what this session missed must be read from the log. */
    record ForwardsLost() implements Event {}

    /** An answer to {@link Effect.AwaitRoutes}. */
    record RoutesApplied(long number, Spread spread) implements Event {
        /** How far the routes have come. */
        public enum Spread {
            /** They were sent. */
            BEGUN,
            /** Some node has not answered within the time that a SUBACK may take. */
            LATE,
            /** All nodes have them. */
            EVERYWHERE
        }
    }

    /** The channel can take more, or can't. */
    record Writable(boolean writable, long nowMillis) implements Event {}

    /**
     * Copies of retained messages are on their way into the session's private queue: what replaces one of them may be forwarded sooner
     * than the copy is known here, so rows are only read until {@link CopiesMade}. Each is answered by one of those.
     */
    record CopiesBegun() implements Event {}

    /** They are in the log, as far as they had to be made. */
    record CopiesMade() implements Event {}

    /**
     * Once a second while this session is audited.
     *
     * @param watermark up to where all forwards of each lane were handed over before this
     * @param goesOn false: others are audited from now on
     */
    record AuditTurn(LaneVector watermark, boolean goesOn) implements Event {}

    /** Answer to {@link Effect.CompareLog}. */
    record LogCompared(long number, List<LogReader.Digest> digests) implements Event {}

    /** Answer to {@link Effect.ReadMissed}. */
    record MissedRead(long number, List<LogReader.Range> ranges, LogReader.Page page, long nowMillis)
            implements Event {}

    /** Retained messages for a new subscription of a session or filter that is served directly. */
    record RetainedArrived(Subscription subscription, List<Message> messages, boolean last, long nowMillis)
            implements Event {}

    // --- answers of the store

    /**
     * The publish was committed; the only way to an acknowledgement (I1).
     *
     * @param matched whether anyone subscribes (MQTT 5 reason 0x10 otherwise)
     */
    record Committed(int packetId, int qos, boolean matched) implements Event {}

    /** The publish was not stored and never will be: this session was lost to a newer connection. */
    record AppendRefused(int packetId) implements Event {}

    /** The log has no room for a QoS 1 or 2 message of an MQTT 5 client: nothing was stored. */
    record QuotaExceeded(int packetId, int qos) implements Event {}

    record ReceiptForgotten(int packetId) implements Event {}

    /** The checkpoint with this number is committed; {@code held} false: the session belongs to a newer claim. */
    record CheckpointDone(long number, boolean held, long nowMillis) implements Event {}

    /** The checkpoint with this number was not written: a group whose messages it takes over has been claimed anew since it dealt them. */
    record TakesRefused(long number, long nowMillis) implements Event {}

    record Subscribed(int packetId, List<Subscription> stored) implements Event {}

    record Unsubscribed(int packetId, List<Boolean> existed) implements Event {}

    /** Answer to {@link Effect.Fetch}, in its order; empty: retention has dropped it. */
    record Fetched(List<Optional<Message>> messages, long nowMillis) implements Event {}

    /** Answer to {@link Effect.ReadLog}. */
    record PageRead(LogReader.Page page, long nowMillis) implements Event {}

    /** A read failed for a passing reason; the session asks again at a later tick. */
    record ReadFailed() implements Event {}

    /** About once a second. */
    record Tick(long nowMillis) implements Event {}
}
