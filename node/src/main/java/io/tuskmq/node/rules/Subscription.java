package io.tuskmq.node.rules;

import io.tuskmq.storage.rules.LaneVector;

/**
 * One subscription of one session.
 *
 * @param filter without a {@code $share/group/} prefix
 * @param share the group's name, empty when not shared
 * @param qos the maximum QoS granted
 * @param retainHandling 0 send retained messages, 1 only for a new subscription, 2 never
 * @param subscriptionId 0 = none
 * @param filterId the persistent filter it reads; 0 = served directly (a clean session, or a maximum QoS of 0)
 * @param start what the log held when it was made: nothing at or below belongs to it
 */
public record Subscription(
        String filter,
        String share,
        int qos,
        boolean noLocal,
        boolean retainAsPublished,
        int retainHandling,
        int subscriptionId,
        long filterId,
        LaneVector start) {
    /** Whether QoS 1 and 2 messages reach it through the log. */
    public boolean logged() {
        return filterId != 0;
    }

    public boolean shared() {
        return !share.isEmpty();
    }
}
