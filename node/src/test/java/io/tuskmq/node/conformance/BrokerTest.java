package io.tuskmq.node.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.NodeProcess;
import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import io.tuskmq.storage.testing.PostgresExtension;
import io.tuskmq.storage.testing.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests of single statements against a broker process on PostgreSQL, one for each class; those that are {@link OnOneAndTwoNodes} once more
 * against a cluster. Client ids and topics are the test's own.
 */
@ExtendWith(PostgresExtension.class)
abstract class BrokerTest {
    private static final Pattern PORT = Pattern.compile("mqtt=[^ ]*:(\\d+)");

    private static @Nullable NodeProcess node;
    private static int port;

    private final List<RawClient> clients = new ArrayList<>();
    private String places = "";
    private @Nullable TwoNodes twoNodes;

    @BeforeAll
    static void startNode(TestDatabase database, @TempDir Path dir) throws IOException, InterruptedException {
        NodeProcess started = NodeProcess.run(
                dir,
                "start",
                "--mqtt.host=127.0.0.1",
                "--mqtt.port=0",
                "--http.port=0",
                "--mqtt.websocket.port=off",
                "--cluster.port=off",
                "--database.url=" + database.urlString());
        node = started;
        Matcher matcher = PORT.matcher(started.awaitReady());
        assertTrue(matcher.find());
        port = Integer.parseInt(matcher.group(1));
    }

    @AfterAll
    static void stopNode() throws IOException {
        NodeProcess started = node;
        if (started != null) {
            started.close();
        }
    }

    /** From now on connections are at these nodes, one after the other. */
    final void place(String given, TwoNodes nodes) {
        places = given;
        twoNodes = nodes;
    }

    @AfterEach
    void closeClients() throws IOException {
        for (RawClient client : clients) {
            client.close();
        }
        // A place too many, and perhaps the second node was never met.
        assertTrue(clients.size() >= places.length(), () -> clients.size() + " connections at " + places);
    }

    /** A connection that has sent nothing. */
    final RawClient open() throws IOException {
        RawClient client = RawClient.connect(nextPort());
        clients.add(client);
        return client;
    }

    private int nextPort() {
        TwoNodes nodes = twoNodes;
        return nodes == null ? port : nodes.port(places.charAt(Math.min(clients.size(), places.length() - 1)));
    }

    /** Connects; the CONNACK must be a success. */
    final RawClient connected(byte[] connect) throws IOException {
        RawClient client = open();
        client.send(connect);
        RawClient.Packet answer = client.read();
        assertEquals(2, answer.type());
        assertEquals(0, answer.u8(1), answer::toString);
        return client;
    }

    /** A clean 3.1.1 client that has subscribed. */
    final RawClient subscriber(String clientId, String filter, int qos) throws IOException {
        RawClient client = connected(Packets.connect(clientId));
        return subscribed(client, filter, qos);
    }

    /** Subscribes with 3.1.1 and checks the SUBACK. */
    final RawClient subscribed(RawClient client, String filter, int qos) throws IOException {
        client.send(Packets.subscribe(77, filter, qos));
        assertEquals("90 00 4d 0" + qos, client.read().hex());
        return client;
    }

    /** Ends a connection in good order, and waits until the broker has closed it. */
    static void disconnect(RawClient client) throws IOException {
        client.send(Packets.DISCONNECT);
        client.readToTheEnd();
        client.close();
    }

    /** A CONNECT of 3.1.1 with clean session 0. */
    static byte[] stored(String clientId) {
        return Packets.connect4(0x00, 0, Packets.string(clientId));
    }

    /** A PUBLISH of 3.1.1 with RETAIN. */
    static byte[] retained(int qos, int packetId, String topic, String payload) {
        byte[] publish = Packets.publish(qos, packetId, topic, payload);
        publish[0] |= 1;
        return publish;
    }

    /** What a 3.1.1 client got. */
    record Got(String topic, String payload, int qos, boolean dup, boolean retain, int packetId) {
        /** {@code topic=payload}, for comparing what came without flags. */
        String text() {
            return topic + "=" + payload;
        }
    }

    static Got got(RawClient client) throws IOException {
        return got(client.read());
    }

    static Got got(RawClient.Packet packet) {
        assertEquals(3, packet.type(), packet::toString);
        int qos = (packet.flags() >> 1) & 3;
        int topicEnd = 2 + packet.u16(0);
        int payloadAt = topicEnd + (qos > 0 ? 2 : 0);
        byte[] body = packet.body();
        return new Got(
                new String(body, 2, topicEnd - 2, StandardCharsets.UTF_8),
                new String(body, payloadAt, body.length - payloadAt, StandardCharsets.UTF_8),
                qos,
                (packet.flags() & 8) != 0,
                (packet.flags() & 1) != 0,
                qos > 0 ? packet.u16(topicEnd) : 0);
    }

    /** Publishes with QoS 1 and waits for the PUBACK. */
    static void publishAcked(RawClient client, int packetId, String topic, String payload) throws IOException {
        client.send(Packets.publish(1, packetId, topic, payload));
        assertEquals(Packets.hexOf(Packets.pubAck(packetId)), client.read().wire());
    }
}
