package io.tuskmq.load.ledger;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Sums over receivers.
 *
 * @param delivered different messages that arrived
 * @param lost acknowledged with QoS 1 or 2, but never arrived
 * @param lostQos0 sent with QoS 0, but never arrived: allowed, unless asked for otherwise
 * @param doubled arrived again though the QoS doesn't allow it: QoS 0 and 2 ever, QoS 1 without DUP on the same connection
 * @param redelivered QoS 1: arrived again with DUP, or because its publisher had to send it again
 * @param redeliveredUnmarked QoS 1: arrived again without DUP, on a later connection of the receiver
 * @param foreign not one of this receiver's messages
 * @param outOfOrder first copies that came after a later message of the same publisher, topic and QoS
 * @param sessionsLost sessions that the broker should have kept and did not
 */
public record Findings(
        long delivered,
        long lost,
        long lostQos0,
        long doubled,
        long redelivered,
        long redeliveredUnmarked,
        long foreign,
        long outOfOrder,
        long sessionsLost) {
    public static final Findings NONE = new Findings(0, 0, 0, 0, 0, 0, 0, 0, 0);

    /** Whether all was kept that MQTT promises. */
    public boolean areClean(boolean qos0LossIsAFault) {
        return lost == 0
                && doubled == 0
                && foreign == 0
                && outOfOrder == 0
                && sessionsLost == 0
                && (lostQos0 == 0 || !qos0LossIsAFault);
    }

    public Findings plus(Findings other) {
        return new Findings(
                delivered + other.delivered,
                lost + other.lost,
                lostQos0 + other.lostQos0,
                doubled + other.doubled,
                redelivered + other.redelivered,
                redeliveredUnmarked + other.redeliveredUnmarked,
                foreign + other.foreign,
                outOfOrder + other.outOfOrder,
                sessionsLost + other.sessionsLost);
    }

    /** In the words of the report. */
    public Map<String, Object> form() {
        Map<String, Object> form = new LinkedHashMap<>();
        form.put("delivered", delivered);
        form.put("lost", lost);
        form.put("lost_qos_0", lostQos0);
        form.put("doubled", doubled);
        form.put("out_of_order", outOfOrder);
        form.put("foreign", foreign);
        form.put("sessions_lost", sessionsLost);
        form.put("redelivered", redelivered);
        form.put("redelivered_unmarked", redeliveredUnmarked);
        return form;
    }
}
