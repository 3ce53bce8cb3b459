package io.tuskmq.node.process;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.RawMqtt.Received;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/**
 * Subscribes once and takes every message as a receiver of MQTT 3.1.1 does (method A of 4.3.3): a QoS 2 message when it comes first,
 * its packet id remembered until PUBREL.
 */
public abstract class CrashReceiver extends CrashClient {
    private final String filter;
    private final int qos;
    private final Set<Integer> received = new HashSet<>();
    private final CountDownLatch subscribed = new CountDownLatch(1);

    protected CrashReceiver(String clientId, Entrance entrance, String filter, int qos) {
        super(clientId, entrance);
        this.filter = filter;
        this.qos = qos;
    }

    /** A message that is not a repetition of QoS 2's handshake; called on the client's thread. */
    protected abstract void taken(Received message);

    public CountDownLatch subscribed() {
        return subscribed;
    }

    @Override
    protected void connected(RawClient connection) throws IOException {
        if (subscribed.getCount() > 0) {
            connection.send(Packets.subscribe(1, filter, qos));
        }
        connection.socket().setSoTimeout(0); // how long is too long, the test judges
        while (!isClosing()) {
            RawClient.Packet packet = next(connection);
            switch (packet.type()) {
                case 3 -> take(connection, RawMqtt.received(packet));
                case 6 -> {
                    received.remove(packet.u16(0));
                    connection.send(Packets.pubComp(packet.u16(0)));
                }
                case 9 -> granted(packet);
                default -> throw new AssertionError("unexpected " + packet);
            }
        }
    }

    private void granted(RawClient.Packet subAck) {
        if (subAck.u8(2) != qos) {
            throw new AssertionError("not granted as asked: " + subAck);
        }
        subscribed.countDown();
    }

    private void take(RawClient connection, Received message) throws IOException {
        switch (message.qos()) {
            case 0 -> taken(message);
            case 1 -> {
                taken(message);
                connection.send(Packets.pubAck(message.packetId()));
            }
            default -> {
                if (received.add(message.packetId())) {
                    taken(message);
                }
                connection.send(Packets.pubRec(message.packetId()));
            }
        }
    }
}
