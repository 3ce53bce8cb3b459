package io.tuskmq.node.rules;

import io.tuskmq.storage.Message;
import java.util.Collection;
import java.util.Set;

/**
 * The messages that the client publishes. Nothing of QoS 1 or 2 is acknowledged before {@link Event.Committed} (I1). Whether a QoS 2
 * message is a duplicate is judged by its packet id alone, never by DUP [MQTT-4.3.3-2] [MQTT5-4.3.3-8].
 *
 * <p>Bounded: an MQTT 5 client by the receive maximum, an MQTT 3 client by the number of packet ids for QoS 2, and for QoS 1 by the
 * runner, who stops reading while the log can't take more.
 */
final class IncomingMessages {
    private final boolean stored;
    private final boolean v5;
    private final int receiveMax;
    private final Effects effects;

    // Lives with the session.

    /** QoS 2 packet ids whose message is committed and whose PUBREL has not come. */
    private final Set<Integer> receipts = new LazySet<>();

    // Lives with the connection.

    /** QoS 2 packet ids on their way into the log. */
    private final Set<Integer> committing = new LazySet<>();

    /** Receipts that are being forgotten: PUBCOMP follows. */
    private final Set<Integer> forgetting = new LazySet<>();

    /** QoS 2 packet ids that count against the receive maximum: published over this connection and not completed. */
    private final Set<Integer> counted = new LazySet<>();

    private int qos1Unacked;

    IncomingMessages(boolean stored, boolean v5, int receiveMax, Collection<Integer> receipts, Effects effects) {
        this.stored = stored;
        this.v5 = v5;
        this.receiveMax = receiveMax;
        this.receipts.addAll(receipts);
        this.effects = effects;
    }

    void published(int packetId, Message message) {
        switch (message.qos()) {
            case 0 -> effects.add(new Effect.Route(0, message, false));
            case 1 -> {
                if (mayTakeOneMore()) {
                    qos1Unacked++;
                    effects.add(new Effect.Route(packetId, message, false));
                }
            }
            default -> publishedExactlyOnce(packetId, message);
        }
    }

    private void publishedExactlyOnce(int packetId, Message message) {
        if (!counted.contains(packetId)) {
            if (!mayTakeOneMore()) {
                return;
            }
            counted.add(packetId);
        }
        if (receipts.contains(packetId)) {
            // [MQTT-4.3.3-2] [MQTT5-4.3.3-10] it is in the log already: only answered. The commit that put the receipt
            // there made
            // this acknowledgement.
            effects.add(new Effect.SendPubRec(packetId, ReasonCodes.SUCCESS));
        } else if (committing.add(packetId)) {
            effects.add(new Effect.Route(packetId, message, stored));
        }
    }

    /** [MQTT5-3.3.4-9] A client with more unacknowledged messages than we allow is disconnected. */
    private boolean mayTakeOneMore() {
        if (v5 && unacked() >= receiveMax) {
            effects.disconnect(ReasonCodes.RECEIVE_MAXIMUM_EXCEEDED, "more than " + receiveMax + " unacknowledged");
            return false;
        }
        return true;
    }

    /** QoS 1 and 2 messages of this connection that were not acknowledged completely. */
    int unacked() {
        return qos1Unacked + counted.size();
    }

    void committed(Event.Committed e) {
        int reason = e.matched() || !v5 ? ReasonCodes.SUCCESS : ReasonCodes.NO_MATCHING_SUBSCRIBERS;
        if (e.qos() == 1) {
            qos1Unacked--;
            effects.add(new Effect.SendPubAck(e.packetId(), reason));
        } else if (committing.remove(e.packetId())) {
            receipts.add(e.packetId());
            effects.add(new Effect.SendPubRec(e.packetId(), reason));
        }
    }

    /** The client may use the packet id again: a reason of 0x80 and above ends the handshake. MQTT 3 has none [MQTT-4.8.0-1]. */
    void quotaExceeded(Event.QuotaExceeded e) {
        if (!v5) {
            effects.disconnect(ReasonCodes.QUOTA_EXCEEDED, "the broker has no room for the message");
        } else if (e.qos() == 1) {
            qos1Unacked--;
            effects.add(new Effect.SendPubAck(e.packetId(), ReasonCodes.QUOTA_EXCEEDED));
        } else if (committing.remove(e.packetId())) {
            counted.remove(e.packetId());
            effects.add(new Effect.SendPubRec(e.packetId(), ReasonCodes.QUOTA_EXCEEDED));
        }
    }

    /** Only a newer connection of the same client makes the log refuse: this one is to end. */
    void refused() {
        effects.disconnect(ReasonCodes.SESSION_TAKEN_OVER, "session taken over");
    }

    void released(int packetId) {
        if (committing.contains(packetId)) {
            effects.disconnect(ReasonCodes.PROTOCOL_ERROR, "PUBREL before PUBREC");
        } else if (!receipts.contains(packetId)) {
            // [MQTT-4.3.3-2] completed before the connection was lost, most likely: the client must be able to go on.
            counted.remove(packetId);
            effects.add(new Effect.SendPubComp(packetId, v5 ? ReasonCodes.PACKET_IDENTIFIER_NOT_FOUND : 0));
        } else if (!stored) {
            forgotten(packetId);
        } else if (forgetting.add(packetId)) {
            effects.add(new Effect.ForgetReceipt(packetId));
        }
    }

    /** The receipt is gone, durably: only now may the client use the packet id again (I3). */
    void forgotten(int packetId) {
        forgetting.remove(packetId);
        receipts.remove(packetId);
        counted.remove(packetId);
        effects.add(new Effect.SendPubComp(packetId, ReasonCodes.SUCCESS));
    }
}
