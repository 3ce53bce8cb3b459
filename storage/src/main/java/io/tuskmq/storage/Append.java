package io.tuskmq.storage;

import org.jspecify.annotations.Nullable;

/**
 * One message on its way into a lane. Made by the node's router, which extends it with what it needs to answer the publisher; owned
 * by the {@link LaneWriter} from {@link LaneWriter#append} until one of the {@link LaneListener}'s methods is called for it.
 */
public abstract class Append {
    /**
     * An incoming QoS 2 packet id to be remembered in the same transaction, guarded by the session's epoch (I3).
     *
     * @param number above those of earlier receipts and of {@link Sessions#forgetReceipt} in this claim
     */
    public record Receipt(long sessionId, long epoch, long number, int packetId) {}

    /**
     * Makes this append a copy of its topic's retained message for a new subscription of a stored session, in its private queue. In the
     * same transaction it is noted that the subscription has its messages up to this topic, and what is copied is the retained message
     * of then. One that was appended after the subscription's last SUBSCRIBE comes live and is not copied. So it is handed over once, and
     * never after one that has replaced it. Refused means: there may be another one in the queue, or none, than {@link Append#message}.
     *
     * @param number above those of {@link Sessions#subscribe} and {@link Sessions#retainedProgress} before it
     * @param filter of the subscription, which is not shared
     * @param added to the properties of each copy
     * @param read the retained message as it was read; {@link Append#message} is what becomes of it
     */
    public record Handover(
            long sessionId, long epoch, long number, String filter, int qosMax, byte[] added, Message read) {}

    private final Message message;
    private final @Nullable Receipt receipt;
    private final long willId;
    private long id;

    protected Append(Message message, @Nullable Receipt receipt, long willId) {
        this.message = message;
        this.receipt = receipt;
        this.willId = willId;
    }

    public final Message message() {
        return message;
    }

    public final @Nullable Receipt receipt() {
        return receipt;
    }

    /** The will that this append consumes (I8), or 0. When another node has consumed it, the append is refused. */
    public final long willId() {
        return willId;
    }

    /** For a copy of a retained message, which has neither filters nor a receipt nor a will. */
    public @Nullable Handover handover() {
        return null;
    }

    /** The log id, given when the append is put into a batch. */
    public final long id() {
        return id;
    }

    public final void id(long id) {
        this.id = id;
    }

    /** Finds {@link #filterIds} anew. Called on the lane's thread when the copy of the filter set has moved on. */
    public abstract void match();

    /** The persistent filters whose rows this message becomes; empty when none matched. */
    public abstract long[] filterIds();

    /** The version of the filter set that {@link #filterIds} was found with; {@link Long#MAX_VALUE} when it depends on none. */
    public abstract long filtersVersion();

    /**
     * What the message does to the retained message of its topic: it replaces it (or removes it, when the payload is empty) if the
     * RETAIN flag is set. False for copies of retained messages on their way to one session.
     */
    public boolean changesRetained() {
        return message.retain();
    }
}
