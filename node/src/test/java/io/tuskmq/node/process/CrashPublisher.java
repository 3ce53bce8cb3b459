package io.tuskmq.node.process;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.node.process.CrashLedger.Stream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/**
 * Publishes numbered messages of QoS 1 and 2 alternately, with a few under way, and after a crash sends again what is not acknowledged:
 * the same packet ids, DUP set, PUBREL where PUBREC came, in order [MQTT-4.4.0-1] [MQTT-4.6.0-1].
 */
public final class CrashPublisher extends CrashClient {
    /**
     * How fast it publishes.
     *
     * @param underWayMax messages that it has unacknowledged at most
     * @param pauseMillis between two packets that it takes
     */
    public record Pace(int underWayMax, long pauseMillis) {
        static final Pace FULL = new Pace(40, 0);
    }

    private final Pace pace;
    private final List<Stream> streams;
    private final CrashLedger ledger;
    private final int[] next = new int[3];
    private final Queue<Outgoing> underWay = new ArrayDeque<>();
    private int packetId;
    private int sent;
    private volatile boolean finishing;
    private volatile boolean finished;

    /** @param root of its topics */
    public CrashPublisher(String root, int number, Entrance entrance, CrashLedger ledger, Pace pace) {
        super(root + "-publisher-" + number, entrance);
        this.streams = List.of(new Stream(root, number, 1), new Stream(root, number, 2));
        this.ledger = ledger;
        this.pace = pace;
    }

    private static final class Outgoing {
        private final Stream stream;
        private final int number;
        private final int packetId;
        private boolean received;

        Outgoing(Stream stream, int number, int packetId) {
            this.stream = stream;
            this.number = number;
            this.packetId = packetId;
        }
    }

    /** No new messages; ends when all are acknowledged. */
    public void finish() {
        finishing = true;
    }

    public boolean isFinished() {
        return finished;
    }

    @Override
    protected void connected(RawClient connection) throws IOException {
        streams.forEach(stream -> ledger.connected(stream, next[stream.qos()]));
        for (Outgoing message : underWay) {
            if (message.received) {
                connection.send(Packets.pubRel(message.packetId));
            } else {
                connection.send(
                        RawMqtt.again(message.stream.qos(), message.packetId, message.stream.topic(), text(message)));
            }
        }
        while (!isClosing() && !(finishing && underWay.isEmpty())) {
            while (!finishing && underWay.size() < pace.underWayMax()) {
                sendNext(connection);
            }
            take(connection, next(connection));
            pause(pace.pauseMillis());
        }
        finished = underWay.isEmpty();
        if (finished) {
            connection.send(Packets.DISCONNECT);
            end();
        }
    }

    private void sendNext(RawClient connection) throws IOException {
        int qos = 1 + sent++ % 2;
        packetId = packetId % 60_000 + 1;
        Outgoing message = new Outgoing(streams.get(qos - 1), next[qos]++, packetId);
        underWay.add(message);
        connection.send(Packets.publish(qos, packetId, message.stream.topic(), text(message)));
    }

    private static String text(Outgoing message) {
        return Integer.toString(message.number);
    }

    private void take(RawClient connection, RawClient.Packet packet) throws IOException {
        Outgoing message = find(packet.u16(0));
        switch (packet.type()) {
            case 4, 7 -> {
                underWay.remove(message);
                ledger.acknowledged(message.stream, message.number);
            }
            case 5 -> {
                message.received = true;
                connection.send(Packets.pubRel(message.packetId));
            }
            default -> throw new AssertionError("unexpected " + packet);
        }
    }

    private Outgoing find(int id) {
        for (Outgoing message : underWay) {
            if (message.packetId == id) {
                return message;
            }
        }
        throw new AssertionError("an acknowledgement of packet id " + id + ", which is not under way");
    }
}
