package io.tuskmq.node.process;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.CrashLedger.Stream;
import io.tuskmq.node.process.RawMqtt.Received;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.IntSupplier;

/**
 * Subscribes once and takes every message as a receiver of MQTT 3.1.1 does (method A of 4.3.3): a QoS 2 message when it comes first,
 * its packet id remembered until PUBREL.
 */
final class CrashSubscriber extends CrashClient {
    private final CrashLedger ledger;
    private final Set<Integer> received = new HashSet<>();
    private final CountDownLatch subscribed = new CountDownLatch(1);

    CrashSubscriber(int number, IntSupplier port, CrashLedger ledger) {
        super("subscriber-" + number, port);
        this.ledger = ledger;
    }

    CountDownLatch subscribed() {
        return subscribed;
    }

    @Override
    void connected(RawClient connection) throws IOException {
        if (subscribed.getCount() > 0) {
            RawMqtt.subscribe(connection, "load/#", 2);
            subscribed.countDown();
        }
        connection.socket().setSoTimeout(0); // how long is too long, the test judges
        while (!isClosing()) {
            RawClient.Packet packet = connection.read();
            switch (packet.type()) {
                case 3 -> take(connection, RawMqtt.received(packet));
                case 6 -> {
                    received.remove(packet.u16(0));
                    connection.send(Packets.pubComp(packet.u16(0)));
                }
                case 13 -> {}
                default -> throw new AssertionError("unexpected " + packet);
            }
        }
    }

    private void take(RawClient connection, Received message) throws IOException {
        int number = Integer.parseInt(message.payload());
        Stream stream = Stream.of(message.topic());
        if (message.qos() == 1) {
            ledger.taken(clientId(), stream, number);
            connection.send(Packets.pubAck(message.packetId()));
        } else {
            if (received.add(message.packetId())) {
                ledger.taken(clientId(), stream, number);
            }
            connection.send(Packets.pubRec(message.packetId()));
        }
    }
}
