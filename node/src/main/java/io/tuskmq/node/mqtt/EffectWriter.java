package io.tuskmq.node.mqtt;

import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.ReasonCodes;

/** Writes what a session sends to its client. Lives with the connection. */
final class EffectWriter {
    private final MqttConnection connection;
    private final AnswerWriter answers;
    private final PublishWriter publishes;
    private final MqttCounters counters;

    EffectWriter(MqttConnection connection, AnswerWriter answers, PublishWriter publishes, MqttCounters counters) {
        this.connection = connection;
        this.answers = answers;
        this.publishes = publishes;
        this.counters = counters;
    }

    /** False, and nothing is written, when the client does not take what it must be answered. */
    boolean write(Effect.ToClient packet) {
        return switch (packet) {
            case Effect.SendPublish p -> publish(p);
            case Effect.SendPubAck p -> answers.ack(PacketType.PUBACK, p.packetId(), p.reason());
            case Effect.SendPubRec p -> answers.ack(PacketType.PUBREC, p.packetId(), p.reason());
            case Effect.SendPubRel p -> answers.ack(PacketType.PUBREL, p.packetId(), p.reason());
            case Effect.SendPubComp p -> answers.ack(PacketType.PUBCOMP, p.packetId(), p.reason());
            case Effect.SendSubAck p -> answers.subAck(p);
            case Effect.SendUnsubAck p -> answers.unsubAck(p);
            case Effect.Disconnect p -> {
                connection.close(p.reason(), p.why());
                yield true;
            }
        };
    }

    /** True also for one that is left out: the session goes on. */
    private boolean publish(Effect.SendPublish p) {
        if (publishes.write(connection.outbox(), p, System.currentTimeMillis())) {
            return true;
        }
        // [MQTT5-3.1.2-25] Go on as if it had been sent and completed.
        counters.tooLargeForClient.increment();
        switch (p.qos()) {
            case 1 -> connection.eventLater(new Event.PubAckReceived(p.packetId(), ReasonCodes.PACKET_TOO_LARGE));
            case 2 -> connection.eventLater(new Event.PubRecReceived(p.packetId(), ReasonCodes.PACKET_TOO_LARGE));
            default -> {}
        }
        return true;
    }
}
