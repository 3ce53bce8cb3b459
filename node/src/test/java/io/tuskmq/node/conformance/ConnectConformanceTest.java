package io.tuskmq.node.conformance;

import static io.tuskmq.node.mqtt.Packets.connect5;
import static io.tuskmq.node.mqtt.Packets.properties;
import static io.tuskmq.node.mqtt.Packets.property;
import static io.tuskmq.node.mqtt.Packets.string;
import static io.tuskmq.node.mqtt.Packets.u8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.mqtt.Packets;
import io.tuskmq.node.mqtt.RawClient;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What CONNACK says and leaves out, and what follows from it. */
class ConnectConformanceTest extends BrokerTest {
    private static final int RESPONSE_INFORMATION = 0x1A;
    private static final int SERVER_KEEP_ALIVE = 0x13;
    private static final int AUTHENTICATION_METHOD = 0x15;
    private static final int AUTHENTICATION_DATA = 0x16;
    /** Properties of CONNACK by the length of their value; those that aren't here begin with two bytes of length. */
    private static final Set<Integer> ONE_BYTE = Set.of(0x24, 0x25, 0x28, 0x29, 0x2A);

    private static final Set<Integer> TWO_BYTES = Set.of(0x13, 0x21, 0x22);
    private static final Set<Integer> FOUR_BYTES = Set.of(0x11, 0x27);

    /** [MQTT5-3.1.2-28] [MQTT5-4.12.0-6] */
    @Test
    void nothingComesThatWasNotAskedFor() throws IOException {
        for (byte[] asked : List.of(properties(), properties(property(0x19, u8(0))))) {
            Set<Integer> answered = accepted(connect5(0x02, 0, asked, string("unasked")));
            assertFalse(answered.contains(RESPONSE_INFORMATION), answered::toString);
            assertFalse(answered.contains(AUTHENTICATION_METHOD), answered::toString);
            assertFalse(answered.contains(AUTHENTICATION_DATA), answered::toString);
        }
    }

    /** [MQTT5-3.2.2-22] */
    @Test
    void theClientsKeepAliveHoldsIfTheServerNamesNone() throws IOException {
        RawClient client = open();
        long start = System.nanoTime(); // before the last packet: the broker's clock starts later
        client.send(connect5(0x02, 1, properties(), string("alive")));
        assertFalse(propertiesOf(client.read()).contains(SERVER_KEEP_ALIVE));
        assertEquals("e0 8d", client.readToTheEnd().orElseThrow().hex().substring(0, 5));
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        assertTrue(took.compareTo(Duration.ofMillis(1_400)) > 0, took::toString);
    }

    /** [MQTT5-4.12.0-1] [MQTT5-4.12.0-4] */
    @Test
    void anAuthenticationThatIsRejectedClosesTheConnection() throws IOException {
        RawClient client = open();
        client.send(
                connect5(0x02, 0, properties(property(AUTHENTICATION_METHOD, string("UNHEARD-OF"))), string("auth")));
        RawClient.Packet answer = client.readToTheEnd().orElseThrow();
        assertEquals("20 00 8c", answer.hex().substring(0, 8));
    }

    /** [MQTT5-4.12.1-2] Without a method there is none to authenticate with again. */
    @Test
    void anAuthenticationAgainThatFailsClosesTheConnection() throws IOException {
        RawClient client = connected(Packets.connectV5("again"));
        client.send(Packets.packet(0xF0, u8(0x19), properties(property(AUTHENTICATION_METHOD, string("UNHEARD-OF")))));
        assertEquals("e0 82", client.readToTheEnd().orElseThrow().hex().substring(0, 5));
    }

    private Set<Integer> accepted(byte[] connect) throws IOException {
        RawClient client = open();
        client.send(connect);
        RawClient.Packet answer = client.read();
        assertEquals("20 00 00", answer.hex().substring(0, 8));
        return propertiesOf(answer);
    }

    /** Which properties a CONNACK of MQTT 5 has. */
    private static Set<Integer> propertiesOf(RawClient.Packet connAck) {
        byte[] body = connAck.body();
        int length = body[2];
        assertTrue(length >= 0 && 3 + length == body.length, connAck::toString);
        Set<Integer> ids = new HashSet<>();
        int at = 3;
        while (at < body.length) {
            int id = body[at++];
            assertTrue(ids.add(id), () -> "twice: " + Arrays.toString(body));
            if (ONE_BYTE.contains(id)) {
                at += 1;
            } else if (TWO_BYTES.contains(id)) {
                at += 2;
            } else if (FOUR_BYTES.contains(id)) {
                at += 4;
            } else {
                at += 2 + connAck.u16(at);
            }
        }
        return ids;
    }
}
