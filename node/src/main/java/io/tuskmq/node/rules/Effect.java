package io.tuskmq.node.rules;

import io.tuskmq.storage.LogReader;
import io.tuskmq.storage.Message;
import io.tuskmq.storage.Sessions;
import java.util.List;

/** What a session wants done. Carried out in the order given, by one place: the session's runner. */
public sealed interface Effect {
    /** An effect on the client's connection. */
    sealed interface ToClient extends Effect {}

    // --- to the client

    /** @param packetId 0 for QoS 0; {@code subscriptionIds} without zeros */
    record SendPublish(
            int packetId, int qos, boolean dup, boolean retain, Message message, List<Integer> subscriptionIds)
            implements ToClient {}

    record SendPubAck(int packetId, int reason) implements ToClient {}

    record SendPubRec(int packetId, int reason) implements ToClient {}

    record SendPubRel(int packetId, int reason) implements ToClient {}

    record SendPubComp(int packetId, int reason) implements ToClient {}

    record SendSubAck(int packetId, List<Integer> reasons) implements ToClient {}

    record SendUnsubAck(int packetId, List<Integer> reasons) implements ToClient {}

    /** Ends the connection (MQTT 5: DISCONNECT with the reason first). The will is published. */
    record Disconnect(int reason, String why) implements ToClient {}

    // --- to the broker

    /** Route the message and append it to the log; answer {@link Event.Committed}. QoS 0: route it, no answer. */
    record Route(int packetId, Message message, boolean withReceipt) implements Effect {}

    /** Register the subscription for live messages. */
    record AddRoute(Subscription subscription) implements Effect {}

    record RemoveRoute(Subscription subscription) implements Effect {}

    /**
     * Tell when all nodes know the routes that were added so far: {@link Event.RoutesApplied} with this number. Answered at once, be it that
     * they don't know them yet; then again when they do, or when that takes longer than a SUBACK should, and then when they do.
     */
    record AwaitRoutes(long number) implements Effect {}

    /** Hand over retained messages: through the log for a logged subscription, else by {@link Event.RetainedArrived}. */
    record SendRetained(Subscription subscription) implements Effect {}

    /** The same for a logged subscription whose hand-over was cut off: go on after this topic. */
    record ContinueRetained(Subscription subscription, String after) implements Effect {}

    /** The next page of retained messages may come: the queue has room. */
    record MoreRetained(Subscription subscription) implements Effect {}

    // --- to the group of a shared subscription

    /** The dealt message is done with: acknowledged, sent with QoS 0, or not to be delivered to anyone. */
    record DealSettled(Deal deal) implements Effect {}

    /** The dealt QoS 2 message is durably in this session's in-flight state, and noted as taken from the group. It is this session's own. */
    record DealTaken(Deal deal) implements Effect {}

    /** This session has no such subscription any more, or could not take the message over: another member is to get it. */
    record DealReturned(Deal deal) implements Effect {}

    /** From a group's session: its stored state no longer has these messages that members took, so need not be reminded of them. */
    record ForgetTaken(List<Long> logIds) implements Effect {}

    // --- to the store

    record ForgetReceipt(int packetId) implements Effect {}

    /**
     * Write cursor and in-flight; answer {@link Event.CheckpointDone} with the number.
     *
     * @param takes what the in-flight state takes over from groups: to be noted in the same transaction, or answered with {@link
     *     Event.TakesRefused}
     */
    record Checkpoint(long number, long[] cursor, byte[] inflight, boolean durable, List<Sessions.Take> takes)
            implements Effect {}

    /** Store them (persistent session); answer {@link Event.Subscribed}. */
    record StoreSubscriptions(int packetId, List<Subscription> subscriptions) implements Effect {}

    record DeleteSubscriptions(int packetId, List<Subscription> keys) implements Effect {}

    /** Answer {@link Event.Fetched}. */
    record Fetch(List<LogReader.Position> positions) implements Effect {}

    /** Answer {@link Event.PageRead} or {@link Event.ReadFailed}. One at a time. */
    record ReadLog(List<LogReader.Range> ranges, int limit) implements Effect {}

    // --- the audit

    /** What a look whether all that the log has was delivered asks for, or found. */
    sealed interface Audit extends Effect {}

    /** Answer {@link Event.LogCompared} with what lies there; no answer ends the look. */
    record CompareLog(long number, List<LogReader.Span> spans) implements Audit {}

    /** Answer {@link Event.MissedRead}. */
    record ReadMissed(long number, List<LogReader.Range> ranges, int limit) implements Audit {}

    /** Messages that had not been handed over. */
    record FoundMissed(int messages) implements Audit {}

    // --- to the counters

    /** Messages not delivered, and why: each is counted, none is silent. */
    record Dropped(int messages, Reason reason) implements Effect {
        public enum Reason {
            EXPIRED,
            TOO_LARGE,
            NOT_WRITABLE,
            RETENTION,
            QUEUE_FULL,
            BACKLOG
        }
    }
}
