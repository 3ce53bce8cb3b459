package io.tuskmq.node.mqtt;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.ReasonCodes;
import io.tuskmq.node.rules.Rights;
import io.tuskmq.storage.Message;
import java.util.ArrayList;
import java.util.List;

/** Which of a client's PUBLISH packets get to its session, and what the others are answered. Lives with the connection. */
final class PublishGate {
    private final MqttConnection connection;
    private final MqttCounters counters;
    private final boolean v5;
    private Rights rights = Rights.ALL;

    PublishGate(MqttConnection connection, MqttCounters counters, boolean v5) {
        this.connection = connection;
        this.counters = counters;
        this.v5 = v5;
    }

    void grant(Rights given) {
        rights = given;
    }

    Rights rights() {
        return rights;
    }

    /** True when it goes on to the session; else it has been dealt with. */
    boolean passes(Event.PublishReceived event, PacketTranslator packets) {
        Message message = event.message();
        if (packets.refusesTopic(message.topic())) {
            refused(event);
            return false;
        }
        if (rights.mayPublish(message)) {
            return true;
        }
        denied(event);
        return false;
    }

    private void refused(Event.PublishReceived event) {
        counters.refusedTopics.increment();
        int qos = event.message().qos();
        if (qos == 0) {
            return;
        }
        if (!v5) {
            // [MQTT-3.3.5-2] An acknowledgement would promise what nobody keeps.
            throw BadPacket.of(ReasonCodes.TOPIC_NAME_INVALID, "topic is not accepted");
        }
        connection.acknowledge(ackOf(qos), event.packetId(), ReasonCodes.TOPIC_NAME_INVALID);
    }

    /** [MQTT-3.3.5-2] MQTT 3 has no words for it: a positive acknowledgement, or the end of the connection. */
    private void denied(Event.PublishReceived event) {
        if (rights.deniedPublishEnds()) {
            connection.close(ReasonCodes.NOT_AUTHORIZED, "this client may not publish to this topic");
            return;
        }
        int qos = event.message().qos();
        if (qos > 0) {
            connection.acknowledge(ackOf(qos), event.packetId(), v5 ? ReasonCodes.NOT_AUTHORIZED : ReasonCodes.SUCCESS);
        }
    }

    private static int ackOf(int qos) {
        return qos == 1 ? PacketType.PUBACK : PacketType.PUBREC;
    }

    /** With the reason for each filter that the client may not have. */
    Event.SubscribeReceived checked(Event.SubscribeReceived event) {
        if (rights.equals(Rights.ALL)) {
            return event;
        }
        List<Integer> refused = new ArrayList<>(event.refused());
        for (int i = 0; i < refused.size(); i++) {
            if (refused.get(i) == 0
                    && !rights.maySubscribe(event.subscriptions().get(i))) {
                refused.set(i, ReasonCodes.NOT_AUTHORIZED); // [MQTT-3.9.3-2] [MQTT5-3.9.3-1]
            }
        }
        return new Event.SubscribeReceived(event.packetId(), event.subscriptions(), refused);
    }
}
