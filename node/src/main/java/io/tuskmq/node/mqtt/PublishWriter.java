package io.tuskmq.node.mqtt;

import io.netty.buffer.ByteBuf;
import io.tuskmq.node.rules.Effect;
import io.tuskmq.node.rules.LazyMap;
import io.tuskmq.node.session.ConnectPacket;
import io.tuskmq.storage.Message;
import java.util.List;

/** Sends PUBLISH packets to one client: its version, its topic aliases, its largest packet. Lives with the connection. */
final class PublishWriter {
    private static final byte[] NO_BYTES = {};

    private final boolean v5;
    private final int aliasMax;
    private final long packetBytesMax;
    private final LazyMap<String, Integer> aliases = new LazyMap<>();

    PublishWriter(ConnectPacket client, MqttOptions.Limits limits) {
        v5 = client.isV5();
        aliasMax =
                Math.min(client.topicAliasMax(), limits.topicAliasMax()); // [MQTT5-3.1.2-26] never more than it takes
        packetBytesMax = client.maximumPacketSize() == 0 ? Long.MAX_VALUE : client.maximumPacketSize();
    }

    /** Writes the packet. Returns false, and writes nothing, when it is larger than the client takes [MQTT5-3.1.2-24]. */
    boolean write(Outbox outbox, Effect.SendPublish p, long nowMillis) {
        Message message = p.message();
        WireForms forms = WireForms.of(message);
        Integer known = aliasMax == 0 ? null : aliases.get(message.topic());
        int alias = known != null ? known : aliases.size() < aliasMax ? aliases.size() + 1 : 0;
        PacketWriter.PublishPlan plan = new PacketWriter.PublishPlan(
                v5,
                known != null ? NO_BYTES : forms.topic(),
                alias,
                v5 ? remainingSeconds(message, nowMillis) : -1,
                v5 ? p.subscriptionIds() : List.of(),
                message,
                p.qos());
        int bytes = plan.packetBytes();
        if (bytes > packetBytesMax) {
            return false;
        }
        if (known == null && alias != 0) {
            aliases.put(message.topic(), alias);
        }
        int payloadBytes = message.payload().length;
        boolean large = payloadBytes >= WireForms.LARGE_BYTES;
        ByteBuf room = outbox.room(large ? bytes - payloadBytes : bytes);
        PacketWriter.publishHead(room, plan, p.packetId(), p.dup(), p.retain());
        if (large) {
            outbox.append(forms.largePayload());
        } else {
            room.writeBytes(message.payload());
        }
        return true;
    }

    /** [MQTT5-3.3.2-6] What remains of the expiry interval, -1 without one. */
    private static long remainingSeconds(Message message, long nowMillis) {
        if (message.expiresAtMillis() == 0) {
            return -1;
        }
        return Math.max(0, (message.expiresAtMillis() - nowMillis + 999) / 1_000);
    }
}
