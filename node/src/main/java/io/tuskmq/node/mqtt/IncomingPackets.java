package io.tuskmq.node.mqtt;

import io.tuskmq.node.rules.Event;
import io.tuskmq.node.rules.Rights;
import org.jspecify.annotations.Nullable;

/** What each packet after CONNECT is to the broker: an event of the session, a question of the edge, or a fault. Lives with the connection. */
final class IncomingPackets {
    private final MqttConnection connection;
    private final PacketTranslator packets;
    private final PublishGate gate;
    /** Of a client that named an authentication method. */
    private final @Nullable AuthDialogue dialogue;

    IncomingPackets(MqttConnection connection, ShardLoop loop, boolean v5, @Nullable AuthDialogue dialogue) {
        this.connection = connection;
        this.packets = new PacketTranslator(loop.reader, loop.limits, v5);
        this.gate = new PublishGate(connection, loop.counters, v5);
        this.dialogue = dialogue;
    }

    void grant(Rights rights) {
        gate.grant(rights);
    }

    /** Its body is in the loop's reader. */
    void packet(int type, int flags) {
        switch (type) {
            case PacketType.PUBLISH -> {
                Event.PublishReceived event = packets.publish(flags, System.currentTimeMillis());
                if (gate.passes(event, packets)) {
                    connection.event(event);
                }
            }
            case PacketType.PUBACK -> connection.event(packets.pubAck());
            case PacketType.PUBREC -> connection.event(packets.pubRec());
            case PacketType.PUBREL -> connection.event(packets.pubRel());
            case PacketType.PUBCOMP -> connection.event(packets.pubComp());
            case PacketType.SUBSCRIBE -> connection.event(gate.checked(packets.subscribe()));
            case PacketType.UNSUBSCRIBE -> connection.event(packets.unsubscribe());
            case PacketType.PINGREQ -> connection.ping();
            case PacketType.DISCONNECT -> connection.disconnected(packets.disconnect());
            case PacketType.CONNECT ->
                throw BadPacket.protocolError("second CONNECT"); // [MQTT-3.1.0-2] [MQTT5-3.1.0-2]
            case PacketType.AUTH -> {
                if (dialogue == null) {
                    throw BadPacket.protocolError("AUTH without an authentication method"); // [MQTT5-4.12.0-7]
                }
                dialogue.received(packets.auth());
            }
            case 0 -> throw BadPacket.malformed("packet type 0");
            default -> throw BadPacket.protocolError("packet type " + type + " from a client");
        }
    }
}
