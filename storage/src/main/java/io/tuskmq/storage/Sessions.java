package io.tuskmq.storage;

import io.tuskmq.storage.rules.LaneVector;
import io.vertx.core.Future;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Persistent sessions. All writes are guarded by the session's epoch (I4); all calls are batched over sessions.
 *
 * <p>A call that failed TRANSIENT may have been carried out, and may even be carried out later: by a server that was frozen, say. So
 * writes are numbered: by their caller, above 0 and rising within a claim, a repeated call with the number of its first attempt. What
 * comes after a newer write changes nothing.
 */
public interface Sessions {
    /** A session that never expires: the MQTT 5 value of the Session Expiry Interval. */
    long NEVER_EXPIRES = 0xFFFF_FFFFL;

    /**
     * What CONNECT asks for.
     *
     * @param expirySeconds 0: the session ends with the connection and no new row is made for it
     * @param token this claim's own, above 0: no other claim of any node has it. A claim that is repeated keeps it
     * @param force take the session even if a node with a valid lease owns it
     */
    record Claim(
            String clientId,
            String principal,
            long incarnation,
            long token,
            boolean cleanStart,
            long expirySeconds,
            boolean force,
            @Nullable NewWill will) {}

    /** The will of a CONNECT, stored until the connection ends (also for sessions that are not stored). */
    record NewWill(Message message, long delaySeconds, long messageExpirySeconds) {}

    /** What became of a claim. */
    sealed interface Claimed {
        /**
         * The session is ours.
         *
         * @param sessionId 0 when nothing is stored for it (a clean session)
         * @param sessionPresent whether state was found and kept
         * @param state what was found (a new session: heads as cursor, nothing else)
         * @param willId of the new will, 0 without one
         * @param dueWills wills of earlier connections of this client that must be published before CONNACK
         */
        record Owned(
                long sessionId,
                long epoch,
                boolean sessionPresent,
                SessionState state,
                long willId,
                List<Wills.DueWill> dueWills)
                implements Claimed {}

        /** The client id's session belongs to another principal. Nothing was changed. */
        record OtherPrincipal() implements Claimed {}

        /** Another live node has it: ask it to let go, then claim with force. Nothing was changed. */
        record OwnedElsewhere(long incarnation) implements Claimed {}
    }

    /** A session as stored. {@code inflight} is what the session's rules wrote; {@code receipts} are incomplete incoming QoS 2 ids. */
    record SessionState(
            LaneVector cursor, byte[] inflight, List<StoredSubscription> subscriptions, List<Integer> receipts) {}

    /**
     * A subscription as stored.
     *
     * @param share the group of a shared subscription, empty otherwise; {@code filter} is without the {@code $share/group/}
     * @param subscriptionId the MQTT 5 identifier, 0 = none
     * @param filterId the persistent filter; 0 for a maximum QoS of 0: such messages are not kept. (One that was lowered to 0 keeps its
     *     filter: what was appended for it is still to be read.)
     * @param start heads when it was made: only what lies above them belongs to it
     * @param retainedAfter null when its retained messages were handed over; else the topic after which to go on
     */
    record StoredSubscription(
            String filter,
            String share,
            int qos,
            boolean noLocal,
            boolean retainAsPublished,
            int retainHandling,
            int subscriptionId,
            long filterId,
            LaneVector start,
            @Nullable String retainedAfter) {
        StoredSubscription withRetainedAfter(@Nullable String after) {
            return new StoredSubscription(
                    filter,
                    share,
                    qos,
                    noLocal,
                    retainAsPublished,
                    retainHandling,
                    subscriptionId,
                    filterId,
                    start,
                    after);
        }
    }

    /**
     * What a checkpoint writes: all that is needed to go on elsewhere. {@code inflight}, when not empty, begins with the lowest log id in
     * it (8 bytes, big-endian), so that the log is kept from there; the rest is the session's own affair. {@code number} rises within a
     * claim from checkpoint to checkpoint (it is not related to the numbers of other writes); a release is written whatever it is.
     */
    record Checkpoint(long sessionId, long epoch, long number, long[] cursor, byte[] inflight) {}

    /** A QoS 2 message that a session takes over from the group of a shared subscription: this row of the log for the group's filter. */
    record Take(long groupId, long groupEpoch, long logId) {}

    /** What became of a checkpoint with {@link Take}s. */
    enum Taken {
        /** All of it is durable. */
        HELD,
        /** The session was lost to a newer claim: nothing was written. */
        LOST,
        /** A group was claimed anew since it dealt the message: nothing was written. */
        REFUSED
    }

    /** What happens to the will when the connection ends. */
    sealed interface WillAction {
        /** A normal DISCONNECT: it is deleted. */
        record Drop() implements WillAction {}

        /** It becomes due after the delay, or when the session ends, whichever is first; 0 = due at once. */
        record Schedule(long delaySeconds) implements WillAction {}

        /** There is none, or an append consumes it. */
        record Nothing() implements WillAction {}
    }

    /** The end of a connection: last checkpoint, owner gone, expiry starts (an expiry of 0 ends the session). */
    record Release(Checkpoint checkpoint, long expirySeconds, long willId, WillAction will) {}

    /** A TRANSIENT failure leaves unknown whether the session was claimed: see {@link #abandon}. Others say that nothing was changed. */
    Future<Claimed> claim(Claim claim);

    /**
     * Undoes a claim whose outcome is unknown, or that nobody waits for any more: its will is deleted, and its session is offline unless
     * it was released or claimed anew. A claim that comes later than this does nothing and fails TRANSIENT. May be repeated.
     */
    Future<Void> abandon(Claim claim);

    /**
     * A checkpoint with the number of one that is in, or a lower one, changes nothing: it is in already, or a newer one is.
     *
     * @param durable false allows the commit to be lost in a crash of the database: only for what QoS 1 may repeat
     * @return false when the session was lost to a newer claim
     */
    Future<Boolean> checkpoint(Checkpoint checkpoint, boolean durable);

    /**
     * A durable {@link #checkpoint}, and in the same transaction the messages that it has from groups are noted as taken: a group that is
     * opened later finds them, and what is not taken by then never will be in its old epoch.
     */
    Future<Taken> checkpoint(Checkpoint checkpoint, List<Take> takes);

    /** The log ids of messages that members took from a group and that it has not forgotten. To be asked after its claim. */
    Future<List<Long>> taken(long groupId);

    /** No checkpoint of the group has these any more, and none will. */
    Future<Void> forgetTaken(long groupId, List<Long> logIds);

    /**
     * Ends the epoch too: nothing that is still on its way comes after this. Returns false when the session was lost to a newer claim
     * (then nothing was changed).
     */
    Future<Boolean> release(Release release);

    /**
     * Stores or replaces subscriptions. When the future completes, no later append can miss them (I7). Those with a QoS above 0 get a
     * filter id; a replaced one keeps its start. Returns them as stored; an empty list when the session was lost.
     *
     * @param number of this change among all that {@code subscribe} and {@code unsubscribe} do to the session: with a lower one than
     *     that of the last change it is too late, and an empty list comes back; with the same one it is a repetition and only reads
     */
    Future<List<StoredSubscription>> subscribe(
            long sessionId, long epoch, long number, List<StoredSubscription> subscriptions);

    /**
     * Deletes subscriptions by filter and share. Returns, for each, whether it existed; an empty list when the session was lost.
     *
     * @param number as for {@link #subscribe}; a repetition is answered as if each had existed
     */
    Future<List<Boolean>> unsubscribe(long sessionId, long epoch, long number, List<SubscriptionKey> keys);

    record SubscriptionKey(String filter, String share) {}

    /**
     * Notes how far the retained messages of a new subscription were handed over; null = all. Returns false when the session was lost.
     *
     * @param number counts on with those of {@link #subscribe}: what is older than the subscription, or its last progress, does nothing
     */
    Future<Boolean> retainedProgress(
            long sessionId, long epoch, long number, SubscriptionKey key, @Nullable String after);

    /**
     * Forgets a QoS 2 receipt, durably: only then may PUBCOMP be sent (I3). Returns false when the session was lost.
     *
     * @param number counts on with those of {@link Append.Receipt}: one of the same packet id that is newer stays
     */
    Future<Boolean> forgetReceipt(long sessionId, long epoch, long number, int packetId);

    /** Ends up to {@code limit} sessions whose expiry has passed; their pending wills become due. Returns how many. */
    Future<Integer> endExpired(int limit);

    /** Ends up to {@code limit} sessions of groups ({@code $share/group/filter}) that nobody subscribes to any more. Returns how many. */
    Future<Integer> endUnusedGroups(int limit);

    /** Whether the client, or the group of this name, has a stored session, be it expired. */
    Future<Boolean> exists(String clientId);

    /** How many sessions are stored. */
    Future<Long> count();
}
