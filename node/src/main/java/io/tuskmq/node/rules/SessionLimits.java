package io.tuskmq.node.rules;

/**
 * What one session may use (I9). Each limit has one behaviour, named here.
 *
 * @param receiveMax QoS 1 and 2 messages that an MQTT 5 client may have unacknowledged towards us; one more → DISCONNECT 0x93
 * @param inflightMax messages unacknowledged by the client, besides its own receive maximum; more wait in the queue
 * @param queueMessagesMax messages waiting for the window of a session that is not stored; one more → DISCONNECT 0x97
 * @param queueBytesMax the same in bytes
 * @param liveQueueMessagesMax messages waiting for the window of a stored session; more → it falls behind and reads the log later
 * @param liveQueueBytesMax the same in bytes; also the bound of what is put by while a page of the log is read
 * @param pageMessages messages asked for in one page of the log
 * @param sendBytesMax bytes sent in one step before the channel is looked at again
 * @param pendingSubscribesMax SUBSCRIBE and UNSUBSCRIBE packets waiting for the store; one more → DISCONNECT 0x97
 * @param subscriptionsMax subscriptions of one session; SUBACK refuses one more with 0x97
 * @param idleCheckpointMillis how old the stored cursor of a session that receives nothing may grow
 */
public record SessionLimits(
        int receiveMax,
        int inflightMax,
        int queueMessagesMax,
        long queueBytesMax,
        int liveQueueMessagesMax,
        long liveQueueBytesMax,
        int pageMessages,
        long sendBytesMax,
        int pendingSubscribesMax,
        int subscriptionsMax,
        long idleCheckpointMillis) {

    public static final SessionLimits DEFAULT =
            new SessionLimits(1_000, 1_000, 10_000, 4 << 20, 1_000, 1 << 20, 200, 256 << 10, 1_000, 10_000, 300_000);
}
